package imapsync

import "context"

// step is a command of a sweep (K-2): send sends it, receive reads its answer.
type step struct {
	send    func(ctx context.Context) error
	receive func(ctx context.Context) error
}

// goAhead carries out steps over one connection in their order, with up to most
// of them sent before their turn has come, so that a round trip is not paid for
// each.
func goAhead(ctx context.Context, steps []step, most int) error {
	sent := 0
	for i, next := range steps {
		for ; sent < len(steps) && sent-i < most; sent++ {
			if err := steps[sent].send(ctx); err != nil {
				return err
			}
		}
		if err := next.receive(ctx); err != nil {
			return err
		}
	}
	return nil
}
