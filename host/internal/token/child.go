package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/host/internal/frame"
)

// What a child may use. A scan or a signature takes a tenth of it.
const (
	maxChildMemory = 512 << 20 // bytes
	maxChildFiles  = 256       // open descriptors
)

// child is the parent's end of a process of the same binary that may load a vendor's module. It ends on EOF by itself, so
// that it cannot outlive us; at a deadline it is killed.
type child struct {
	cmd    *exec.Cmd
	pipe   io.WriteCloser
	out    *frame.Writer
	back   io.Closer // our end of what it writes to
	frames chan []byte
	quit   chan struct{}
	dead   chan struct{} // closed when it has ended and is reaped, whoever ended it
	ended  sync.Once
	gone   func(*child)
}

// start begins a child in that role.
func (s *Service) start(role string) (*child, error) {
	c := &child{frames: make(chan []byte, 4), quit: make(chan struct{}), dead: make(chan struct{}), gone: s.forget}
	c.cmd = exec.Command(s.cfg.Executable, role)
	// One thing at a time: with one P the runtime starts in four fifths of the time. It also keeps Env from being nil, which
	// would be our whole environment.
	c.cmd.Env = append([]string{"GOMAXPROCS=1"}, s.cfg.ChildEnv...)
	in, out, err := startWithPipes(c.cmd)
	if err != nil {
		return nil, fmt.Errorf("token: cannot start the %s: %w", role, err)
	}
	c.pipe, c.out, c.back = in, frame.NewWriter(in), out
	go c.read(out)
	go c.reap()
	return c, s.remember(c)
}

// startWithPipes starts a command with two pipes beside its standard streams, which are /dev/null.
func startWithPipes(cmd *exec.Cmd) (in io.WriteCloser, out io.ReadCloser, err error) {
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		inR.Close()
		inW.Close()
		return nil, nil, err
	}
	if err = passPipes(cmd, inR, outW); err == nil {
		err = startProcess(cmd)
	}
	inR.Close()
	outW.Close()
	if err != nil {
		inW.Close()
		outR.Close()
		return nil, nil, err
	}
	return inW, outR, nil
}

func (c *child) read(out io.ReadCloser) {
	defer out.Close()
	defer close(c.frames)
	r := frame.NewReader(out)
	for {
		msg, err := r.Read()
		if err != nil {
			return
		}
		select {
		case c.frames <- msg:
		case <-c.quit:
			return
		}
	}
}

// send writes one JSON message.
func (c *child) send(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.out.Write(b)
}

// errChildDied says that a child ended without an answer: its module crashed or left.
var errChildDied = errors.New("token: the child process died")

// receive waits for the child's next message.
func (c *child) receive(ctx context.Context, v any) error {
	select {
	case msg, ok := <-c.frames:
		if !ok {
			return errChildDied
		}
		if err := json.Unmarshal(msg, v, json.RejectUnknownMembers(true)); err != nil {
			return fmt.Errorf("%w: garbage", errChildDied)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reap waits for the child's end, however it comes: a module may crash while nobody asks it anything. What the module forked
// goes with it.
func (c *child) reap() {
	killGroupAtEnd(c.cmd.Process.Pid)
	_ = c.cmd.Wait()
	close(c.dead)
}

// end kills the child and waits for its end, so that its PC/SC connection is closed when this returns. A kill is no loss: a
// child has nothing to save, and a stuck module would not end otherwise.
func (c *child) end() {
	c.ended.Do(func() {
		close(c.quit)
		c.pipe.Close()
		_ = c.cmd.Process.Kill()
		<-c.dead
		c.back.Close() // what the module forked may hold the other end
		c.gone(c)
	})
}

// childError names what went wrong with a child as its module's failure. Only the child's own deadline makes a timeout: a
// cancelled operation stays a cancelled operation.
func childError(outer context.Context, module, call string, err error) error {
	switch {
	case outer.Err() != nil:
		return outer.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return &ModuleError{module, ModuleTimeout, call, 0}
	}
	return &ModuleError{module, ModuleFailed, call, 0}
}
