package schedule

import (
	"context"

	"trasloco/migration"
)

// takeDiscoveries gives free places of the pool of checks to domains whose source
// server is looked for.
func (s *Scheduler) takeDiscoveries(ctx context.Context) error {
	if s.checks.busy() {
		return nil
	}
	jobs, err := s.store.DiscoveriesToMake(ctx, offer)
	if err != nil {
		return err
	}
	for _, job := range jobs {
		// Below zero: the other pieces of the pool are numbered by their rows.
		search := piece{id: -job.ID, migration: job.MigrationID, host: "search for " + job.Domain}
		if !s.held[job.MigrationID] {
			s.checks.start(ctx, search, func(ctx context.Context) { s.discover(ctx, job) })
		}
	}
	return nil
}

// discover looks for the server of a domain and stores what it found. What was broken
// off is looked for again.
func (s *Scheduler) discover(ctx context.Context, job migration.Discovery) {
	var found migration.Suggestion
	err := s.checked(func() (err error) { found, err = s.engine.Discover(ctx, job.Domain); return err })
	if ctx.Err() != nil {
		return
	}
	s.report("look for a server", err, "domain", job.Domain)
	err = s.book.insist(func() error { return s.store.FinishDiscovery(context.WithoutCancel(ctx), job.ID, found) })
	s.report("store a server that was found", err, "domain", job.Domain)
	s.hub.changed(job.MigrationID)
}

// wantServer lets the server be looked for of a row that nobody answers.
func (s *Scheduler) wantServer(ctx context.Context, row migration.CheckJob) {
	domain := migration.MailDomain(row.Resource.Source.Auth.Login, row.Resource.Destination.Auth.Login)
	if domain != "" {
		s.report("look for a server", s.store.WantDiscovery(ctx, row.Customer, row.MigrationID, domain), "domain", domain)
	}
}
