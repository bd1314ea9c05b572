package imapsync

import "context"

// step is a command of a sweep (K-2): send sends it, receive reads its answer.
type step struct {
	send    func(ctx context.Context) error
	receive func(ctx context.Context) error
	f       *folderRun // it is about
	broke   func()     // the connection broke while the answer was awaited; nil: nobody wants to know
}

// goAhead carries out steps over one connection in their order, with up to most
// of them sent before their turn has come, so that a round trip is not paid for
// each. When tired reports that the connection should be asked no more, what was
// sent is still received; done is how many steps that makes.
func goAhead(ctx context.Context, steps []step, most int, tired func() bool) (done int, err error) {
	sent := 0
	for done < len(steps) {
		for ; sent < len(steps) && sent-done < most && !tired(); sent++ {
			if err := steps[sent].send(ctx); err != nil {
				return done, underWay(steps[done:sent+1]).blame(ctx, err)
			}
		}
		if sent == done {
			return done, nil
		}
		if err := steps[done].receive(ctx); err != nil {
			return done, steps[done].blame(ctx, err)
		}
		done++
	}
	return done, nil
}

// blame names the folder that was at hand when a connection broke: the one whose
// answer was awaited, whatever was being sent ahead.
func (s step) blame(ctx context.Context, err error) error {
	if ctx.Err() != nil || isRefusal(err) || asFolderError(err) != nil {
		return err
	}
	if s.broke != nil {
		s.broke()
	}
	if s.f == nil {
		return err
	}
	return atFolder(s.f, err)
}

// underWay returns the step that was at hand when sending broke off. Of what was
// answered by then nothing can be read any more, and a server dies of the
// messages it is asked for rather than of opening a folder.
func underWay(unanswered []step) step {
	for _, s := range unanswered[:len(unanswered)-1] { // the last was not sent
		if s.broke != nil {
			return s
		}
	}
	return unanswered[0]
}

// never is for connections that do not tire.
func never() bool { return false }
