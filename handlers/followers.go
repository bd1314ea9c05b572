package handlers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/labstack/echo/v4"

	"trasloco/migration"
	"trasloco/store"
)

// followers are the streams that users have open, so that they end with the
// session at once, and not with the next thing to be sent.
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

// errRightsChanged ends a stream whose reader may see less, or more, than when it
// began. His browser comes back, and is answered as anybody who asks.
var errRightsChanged = fmt.Errorf("the rights of the reader have changed: %w", context.Canceled)

// mayFollow finds whether the reader of a stream is still who he was when it began,
// and the migration still one that he may see. One that is deleted by now is: the
// stream says so.
func (s *Server) mayFollow(c echo.Context) error {
	ctx, reader, m := c.Request().Context(), who(c), asked(c)
	if reader.ID == 0 {
		return nil // there is nothing to be taken from nobody
	}
	user, err := s.sessions.reread(c)
	if err != nil {
		return err
	}
	if user.ID == 0 || user.Stamp != reader.Stamp || !slices.Equal(user.DomainIDs, reader.DomainIDs) {
		return errRightsChanged
	}
	if m.ID == 0 {
		return nil
	}
	now, err := s.Store.MigrationByID(ctx, store.AnyCustomer, m.ID)
	switch {
	case errors.Is(err, migration.ErrNotFound):
		return nil
	case err == nil && (!user.CanSee(now) || user.CanChange(now) != user.CanChange(m)):
		return errRightsChanged
	}
	return err
}
