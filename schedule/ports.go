package schedule

import (
	"context"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
)

// Store is what the scheduler asks of the memory of the program. The guarded
// moves answer migration.ErrConflict where somebody else was faster; a customer
// of 0 means any.
type Store interface {
	checkStore
	passStore
	runStore
	discoveryStore
	noticeStore
	cleanupStore
	mxStore
	pauseStore
}

// checkStore holds the rows that wait for their check.
type checkStore interface {
	ChecksToMake(ctx context.Context, limit int) ([]migration.CheckJob, error)
	StartCheck(ctx context.Context, customer, resourceID int64) error
	CheckAtWork(ctx context.Context, customer, resourceID int64) (migration.CheckJob, error)
	FinishCheck(ctx context.Context, customer, resourceID int64, c migration.Check, folders ...migration.FoundFolder) error
	OpenResource(ctx context.Context, customer int64, r *migration.Resource) error
	Validating(ctx context.Context) ([]migration.Migration, error)
	Settle(
		ctx context.Context, customer int64, m *migration.Migration, to migration.Validity,
		passes []migration.Pass, notices ...migration.Notice,
	) error
}

// discoveryStore holds the domains whose source servers are looked for.
type discoveryStore interface {
	WantDiscovery(ctx context.Context, customer, migrationID int64, domains ...string) error
	DiscoveriesToMake(ctx context.Context, limit int) ([]migration.Discovery, error)
	FinishDiscovery(ctx context.Context, id int64, found migration.Suggestion) error
}

// passStore holds the passes and what a person may do with them.
type passStore interface {
	MigrationByID(ctx context.Context, customer, id int64) (migration.Migration, error)
	Active(ctx context.Context) ([]migration.Migration, error)
	BeginPass(ctx context.Context, customer int64, p *migration.Pass) error
	PausePass(ctx context.Context, customer int64, p *migration.Pass) error
	FinishPass(ctx context.Context, customer int64, p *migration.Pass, notices ...migration.Notice) error
	MovePasses(ctx context.Context, customer int64, from, to []migration.Pass) error
	RetryFailed(ctx context.Context, customer int64, p *migration.Pass, row int) error
	Cancel(ctx context.Context, customer int64, m *migration.Migration) error
}

// runStore holds the runs and their logs.
type runStore interface {
	Claimable(ctx context.Context, now time.Time, limit int) ([]migration.RunJob, error)
	Runs(ctx context.Context, customer, passID int64) ([]migration.Run, error)
	MoveRun(ctx context.Context, customer int64, run *migration.Run, to migration.RunStatus) error
	SaveProgress(ctx context.Context, all []migration.RunProgress) error
	SampleRunning(ctx context.Context) error
	AppendEntries(ctx context.Context, customer, runID int64, entries []migration.Entry) error
	SaveExceptions(ctx context.Context, customer, runID int64, outcomes []migration.Outcome) error
	SaveFolders(ctx context.Context, customer, runID int64, folders []migration.FolderTally) error
	ClearExceptions(ctx context.Context, customer, runID int64) error
	Freeze(ctx context.Context, customer, resourceID int64, addresses migration.Addresses) error
	RefuseCertificate(ctx context.Context, customer, resourceID int64, certificate string) error
}

// noticeStore holds the notices that are to be sent.
type noticeStore interface {
	PendingNotices(ctx context.Context, now time.Time) ([]migration.Notice, error)
	Letter(ctx context.Context, n migration.Notice) (migration.Letter, error)
	NoticeSent(ctx context.Context, n migration.Notice) error
	NoticeFailed(ctx context.Context, n migration.Notice) error
	PendingAccountNotices(ctx context.Context, now time.Time) ([]migration.AccountNotice, error)
	AccountLetter(ctx context.Context, n migration.AccountNotice) (migration.AccountLetter, error)
	AccountNoticeSent(ctx context.Context, n migration.AccountNotice) error
	AccountNoticeFailed(ctx context.Context, n migration.AccountNotice) error
}

// cleanupStore forgets what is over.
type cleanupStore interface {
	Expired(ctx context.Context, policy migration.Policy, now time.Time) ([]migration.Migration, error)
	Closable(ctx context.Context, policy migration.Policy, now time.Time) ([]migration.Migration, error)
	Delete(ctx context.Context, customer int64, m *migration.Migration) error
	Shred(ctx context.Context, customer, migrationID int64) error
}

// pauseStore holds the hosts that refuse logins.
type pauseStore interface {
	HostPauses(ctx context.Context) ([]migration.HostPause, error)
	Held(ctx context.Context, migrationID int64) (int, error)
	TellHeld(ctx context.Context, migrationID int64, p migration.HostPause) error
	LookAgain(ctx context.Context, customer, migrationID int64) error
	TryHost(ctx context.Context, customer, migrationID int64, key string) error
}

// mxStore holds what is known of MX records.
type mxStore interface {
	WatchedMX(ctx context.Context, after time.Duration, now time.Time) ([]migration.DomainMX, error)
	CutOver(ctx context.Context, customer, migrationID int64) ([]migration.DomainMX, error)
	SaveMX(ctx context.Context, d migration.DomainMX) (migrations []int64, err error)
}

// Resolver asks the DNS. *DNS is one.
type Resolver interface {
	// MX returns the records of a domain, none where it has none. An error says
	// that there was no answer.
	MX(ctx context.Context, domain string) (migration.MXAnswer, error)
}

var _ Resolver = (*DNS)(nil)

// Engine does the work on mail servers. Its methods end soon after their context
// does. *imapsync.Engine is one; tests have another that does as it is told.
type Engine interface {
	Sync(
		ctx context.Context, job imapsync.Job, journal imapsync.Journal, report imapsync.Reporter,
	) (migration.Tally, error)
	CheckSource(ctx context.Context, job imapsync.Job) (imapsync.Findings, error)
	CheckDestination(ctx context.Context, job imapsync.Job) (imapsync.Findings, error)
	Places(source migration.Endpoint) int
	Discover(ctx context.Context, domain string) (migration.Suggestion, error)
	Resolve(ctx context.Context, ep migration.Endpoint) (migration.Addresses, error)
	Probe(ctx context.Context, ep migration.Endpoint) (migration.ServerTest, error)
}

var _ Engine = (*imapsync.Engine)(nil)

// Notifier sends one letter to the user it is for. When it returns nil the mail
// server has taken it. An error is tried again later.
type Notifier interface {
	Send(ctx context.Context, letter migration.Letter) error
	SendAccount(ctx context.Context, letter migration.AccountLetter) error
}
