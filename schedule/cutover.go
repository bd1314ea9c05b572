package schedule

import (
	"context"
	"fmt"
	"sync"
	"time"

	"trasloco/migration"
)

// How many questions to the DNS are under way at once, and how long one may take
// in all. A resolver that does not answer holds up nothing else.
const (
	mxAtOnce = 4
	mxWithin = 10 * time.Second
)

// mxUnanswered is why there are no records; pages have a sentence for it.
const mxUnanswered = "unanswered"

// watchMX reads the MX records whose time has come.
func (s *Scheduler) watchMX(ctx context.Context) {
	if s.resolver == nil {
		return
	}
	now := s.now()
	watched, err := s.store.WatchedMX(ctx, migration.MXAfter, now)
	if err != nil {
		s.report("read what MX records to watch", err)
		return
	}
	s.readAllMX(ctx, watched, func(d migration.DomainMX) bool { return d.DueMX(now) })
}

// ReadMX reads the MX records of a migration's domains now, but none that was
// asked for a moment ago. It returns when all have been answered, or not, in time;
// what became of it stands in the store.
func (s *Scheduler) ReadMX(ctx context.Context, customer int64, m *migration.Migration) error {
	if s.resolver == nil {
		return nil
	}
	domains, err := s.store.CutOver(ctx, customer, m.ID)
	if err != nil {
		return fmt.Errorf("read MX records of migration %s: %w", m.Code, err)
	}
	now := s.now()
	s.readAllMX(ctx, domains, func(d migration.DomainMX) bool { return now.Sub(d.TriedAt) >= migration.MXLeast })
	return nil
}

// readAllMX reads the records of the domains that are due, a few at once.
func (s *Scheduler) readAllMX(ctx context.Context, domains []migration.DomainMX, due func(migration.DomainMX) bool) {
	var group sync.WaitGroup
	places := make(chan struct{}, mxAtOnce)
	for _, d := range domains {
		if !due(d) {
			continue
		}
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		group.Go(func() {
			defer func() { <-places }()
			s.report("store MX records", guarded(func() error { return s.readMX(ctx, d) }), "domain", d.Domain.Name)
		})
	}
	group.Wait()
}

// readMX asks for the records of one domain and stores what it hears. That there
// was no answer is stored too; what was known stays.
func (s *Scheduler) readMX(ctx context.Context, d migration.DomainMX) error {
	within, cancel := context.WithTimeout(ctx, mxWithin)
	defer cancel()
	answer, err := s.resolver.MX(within, d.Domain.Name)
	if ctx.Err() != nil {
		return ctx.Err() // the program stops: that says nothing of the domain
	}
	before := d
	if err != nil {
		s.log.Debug("MX records not read", "domain", d.Domain.Name, "error", err)
		d = d.Unanswered(mxUnanswered, s.now())
	} else {
		d = d.Answered(answer, s.now())
	}
	migrations, err := s.store.SaveMX(ctx, d)
	for _, id := range migrations {
		s.hub.changed(id)
	}
	if err == nil && d.State() != before.State() && d.State() == migration.MXThere {
		s.log.Info("MX records point to the destination", "domain", d.Domain.Name)
	}
	return err
}
