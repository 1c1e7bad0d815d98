package logs

import (
	"io"

	"github.com/rs/zerolog"
)

// OpenService gives the logger of the OS service: into the system's own log (journald, the Windows event log) where there is
// one, else to stderr as JSON; besides into service.log of a folder, where one is named. A file that cannot be written goes on without:
// the system's log has the line.
func OpenService(o Options, stderr io.Writer) (zerolog.Logger, func()) {
	system, closeSystem := systemLog(stderr)
	if o.Folder == "" {
		o.Folder = serviceFolder()
	}
	if o.Folder == "" {
		return o.logger(system), closeSystem
	}
	f := newFile(o, "service.log", nil)
	err := f.begin()
	log := o.logger(zerolog.MultiLevelWriter(system, f))
	if err != nil {
		log.Warn().Err(err).Msg("no log file")
	}
	return log, func() { f.end(); closeSystem() }
}
