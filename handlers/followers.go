package handlers

import (
	"context"
	"sync"

	"github.com/labstack/echo/v4"
)

// followers are the streams that users have open, so that they end with the
// session, and not when their browser comes back: a stream looks at rights only
// when it begins.
type followers struct {
	mu   sync.Mutex
	last int
	of   map[int64]map[int]context.CancelFunc // by user
}

// join returns a context that ends with ctx, or when the user's streams are
// ended. Call leave when the stream is over.
func (f *followers) join(ctx context.Context, user int64) (_ context.Context, leave func()) {
	ctx, cancel := context.WithCancel(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	number := f.last
	if f.of == nil {
		f.of = map[int64]map[int]context.CancelFunc{}
	}
	if f.of[user] == nil {
		f.of[user] = map[int]context.CancelFunc{}
	}
	f.of[user][number] = cancel
	return ctx, func() {
		cancel()
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.of[user], number)
		if len(f.of[user]) == 0 {
			delete(f.of, user)
		}
	}
}

// end ends the streams of a user. A browser that may see more comes back by
// itself.
func (f *followers) end(user int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, cancel := range f.of[user] {
		cancel()
	}
}

// follow ends a stream with the sessions of its user.
func (s *Server) follow(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, leave := s.followers.join(c.Request().Context(), who(c).ID)
		defer leave()
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}
