package doctor

import "io/fs"

// ownerOf does not look at access lists.
func ownerOf(fs.FileInfo) (uid int, known bool) { return 0, false }
