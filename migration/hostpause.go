package migration

import (
	"slices"
	"strings"
	"time"
)

// RefusalsInARow is how many accounts a host may refuse in a row before nobody logs in
// there any more (C-2): fail2ban bans an address after five failures, cPHulk and others
// after about as many, and a ban stops everybody.
const RefusalsInARow = 3

// ClassHostPaused is the class of an error of a login that was not even tried.
const ClassHostPaused = "host_paused"

// PauseCause says in a code why nobody logs in at a host.
type PauseCause string

// The causes.
const (
	PauseLogins PauseCause = "logins" // several accounts in a row were refused
	PauseMaster PauseCause = "master" // the master user was, who is the same for all
	PauseApp    PauseCause = "app"    // the application was, which is the same for all
)

// HostPause is what is remembered of a host that refuses logins. Once it is paused
// nobody logs in there, in checks or in runs, whoever's they are, but a trial.
type HostPause struct {
	Key   string // HostKey
	Side  string // "source" or "destination"
	Host  string // as the rows name it
	Cause PauseCause
	Since time.Time // zero: it is not paused, it may be after the next refusals
	// Turned says that one of those it refuses was let in before. Then nobody can be
	// sure of his login; else those go on whose logins are known to be right.
	Turned bool
	// Refused are the accounts without a success between, the oldest first.
	Refused []RefusedLogin

	// A pause lets one login through to see whether the host takes logins again: of a
	// row whose refused login was corrected, or of a migration whose admin said so.
	TrialResource, TrialMigration int64
}

// RefusedLogin is an account that a host refused.
type RefusedLogin struct {
	Account string // AccountKey
	Login   string
	Said    string // the server's words
	At      time.Time
}

// Refusal is what an engine tells of a login that was refused.
type Refusal struct {
	Key, Side, Host string
	Cause           PauseCause
	AtOnce          bool // what was refused is the same for all: no other is tried
	Known           bool // it was let in before
	RefusedLogin
}

// Paused reports whether nobody logs in there.
func (p HostPause) Paused() bool { return !p.Since.IsZero() }

// Passes reports whether a login goes through all the same since it was let in before.
// Such a one says nothing of those that are new to the host.
func (p HostPause) Passes(letIn bool) bool { return letIn && !p.Turned }

// Add counts a refusal. Whoever was on trial has failed.
func (p HostPause) Add(r Refusal) HostPause {
	p.Key, p.Side, p.Host = r.Key, r.Side, r.Host
	p.TrialResource, p.TrialMigration = 0, 0
	p.Turned = p.Turned || r.Known
	p.Refused = slices.DeleteFunc(slices.Clone(p.Refused), func(l RefusedLogin) bool { return l.Account == r.Account })
	p.Refused = append(p.Refused, r.RefusedLogin)
	if !p.Paused() {
		p.Cause = r.Cause
		if r.AtOnce || len(p.Refused) >= RefusalsInARow {
			p.Since = r.At
		}
	}
	return p
}

// OnTrial reports whether a login is to show whether the host takes logins again.
func (p HostPause) OnTrial() bool { return p.TrialResource != 0 || p.TrialMigration != 0 }

// Tries reports whether a row is the one that may log in all the same.
func (p HostPause) Tries(migrationID, resourceID int64) bool {
	if p.TrialResource != 0 {
		return p.TrialResource == resourceID
	}
	return p.TrialMigration != 0 && p.TrialMigration == migrationID
}

// Holds reports whether the pause keeps an end of a row from being logged in to. As
// long as nobody knows the address of a host its name counts.
func (p HostPause) Holds(side string, ep Endpoint) bool {
	if !p.Paused() || p.Side != side {
		return false
	}
	isApp := ep.Auth.Kind == AuthClientCredentials
	return p.Key == HostKey(side, ep) || !isApp && p.Cause != PauseApp && ep.Addresses == "" && p.Host == strings.ToLower(ep.Host)
}

// HoldsRow reports whether the pause keeps either end of a row.
func (p HostPause) HoldsRow(r Resource) bool {
	if p.Passes(r.Check.LetIn()) {
		return false
	}
	return p.Holds("source", r.Source) || p.Holds("destination", r.Destination)
}

// HostKey names what refuses logins together: at one end, a server by its address, or
// by its name where nobody knows that yet. Many names lead to one shared server, and it
// is that which bans. Clouds ban no address for an application's faults: there it is
// the application of a tenant.
func HostKey(side string, ep Endpoint) string {
	if ep.Auth.Kind == AuthClientCredentials {
		tenant := ep.Auth.Tenant
		if tenant == "" {
			_, tenant, _ = strings.Cut(ep.Auth.Login, "@")
		}
		return strings.ToLower(side + " " + ep.Host + " " + ep.Auth.ClientID + " " + tenant)
	}
	if at := ep.Addresses.First(); at != "" {
		return side + " " + at
	}
	return side + " " + strings.ToLower(ep.Host)
}

// AccountKey names the account of one end of a row, as SourceKey and DestinationKey do.
func AccountKey(side string, ep Endpoint) string {
	if side == "source" {
		return Resource{Source: ep}.SourceKey()
	}
	return Resource{Destination: ep}.DestinationKey()
}

// PausedRow is a row of a migration whose login a host refused.
type PausedRow struct {
	Row   int
	Login string
	Said  string
}

// PauseView is a pause as those see it who look after one migration: of the logins of
// others they learn how many there are.
type PauseView struct {
	HostPause
	Rows   []PausedRow
	Others int  // refused accounts of no row of the migration, or of none any more
	Held   int  // rows of the migration that wait for it
	Comes  bool // a login of the migration comes as soon as it may
	CanTry bool // Comes, or one comes on somebody's word
}

// Accounts is how many accounts the host refused: two rows may read one.
func (v PauseView) Accounts() int {
	logins := map[string]bool{}
	for _, row := range v.Rows {
		logins[row.Login] = true
	}
	return len(logins) + v.Others
}

// Kind says in a code what was refused: the cause, and of a destination that too.
// There it is rather the mailbox that is missing than a password that is wrong.
func (p HostPause) Kind() string {
	if p.Side == "destination" {
		return string(p.Cause) + ".destination"
	}
	return string(p.Cause)
}

// Advice says in a code what those can do who look after the migration: by Kind, and
// "waits" where no row of theirs was refused.
func (v PauseView) Advice() string {
	if len(v.Rows) == 0 {
		return "waits"
	}
	return v.Kind()
}
