package imapsync

import "context"

// step is a command of a sweep (K-2): send sends it, receive reads its answer.
type step struct {
	send    func(ctx context.Context) error
	receive func(ctx context.Context) error
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
				return done, err
			}
		}
		if sent == done {
			return done, nil
		}
		if err := steps[done].receive(ctx); err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}

// never is for connections that do not tire.
func never() bool { return false }
