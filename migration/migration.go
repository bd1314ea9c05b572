package migration

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Validity says whether a migration may run. It is stored; the phase is
// computed from it. The moves between the values stand in state.go.
type Validity string

// The validities of a migration (S17, S19).
const (
	// Draft: the wizard is not finished. Rows are being checked already; the
	// admin's *Migra* makes it validating.
	Draft Validity = "draft"
	// Validating: rows whose check is missing or too old are being checked. It
	// becomes valid or invalid by itself; no pass starts before.
	Validating Validity = "validating"
	// Valid: every row was checked, corrected or left out. Its passes start at
	// their time.
	Valid Validity = "valid"
	// Invalid: at least one failing row was neither corrected nor left out. A
	// correction makes it validating again.
	Invalid Validity = "invalid"
	// Cancelled: a person ended it. No pass starts any more; it is deleted with
	// the old ones.
	Cancelled Validity = "cancelled"
)

// Validities returns every validity, in the order of a migration's life.
func Validities() []Validity {
	return []Validity{Draft, Validating, Valid, Invalid, Cancelled}
}

// Migration is one wizard run: a server type, a CSV and two dates.
type Migration struct {
	ID         int64
	CustomerID int64
	UserID     int64  // who asked, and is told
	Code       string // public short id, such as "M-4K7QZ"
	Name       string // chosen by the user; empty: the domains are shown
	ServerType ServerType
	Source     SourceOptions
	Validity   Validity
	DomainIDs  []int64 // destination domains of the rows
	Passes     []Pass  // sorted by number, with their runs counted
	Checks     CheckSummary
	// LinesOut are the lines of the file that could not be read and that the admin
	// went on without: they are no resources, and must not be forgotten.
	LinesOut []LineOut
	// Folders are the admin's own decisions for folders of the sources (F-17).
	Folders FolderChoices
	// Gmail is what was chosen for accounts at Gmail.
	Gmail GmailChoice
	// Version counts what people changed; a form names the one it was made of.
	Version int
	// Plan is what the wizard was told of the passes before there are any.
	Plan      DraftPlan
	CreatedAt time.Time
	ChangedAt time.Time // last change of the rows, the plan or the validity

	// For people, filled when it is read; names of others' things, not ours.
	UserName string   // of UserID
	Domains  []string // of DomainIDs, sorted
}

// Title is what people call the migration: the name they gave it, else its
// first domain, else its code. more is the number of further domains.
func (m Migration) Title() (title string, more int) {
	switch {
	case m.Name != "":
		return m.Name, 0
	case len(m.Domains) > 0:
		return m.Domains[0], len(m.Domains) - 1
	}
	return m.Code, 0
}

// LineOut is a line of a file that a migration goes on without.
type LineOut struct {
	Line        int
	Destination string // as it stood there, where that could be told
	Problem     Problem
}

// SourceOptions say how the sources of a migration are reached where a row of
// the file cannot say it. The zero value: by the port, with the certificate
// checked.
type SourceOptions struct {
	TLS     TLSMode // "": by the port
	TLSName string  // Endpoint.TLSName of every source
	Pin     string  // Endpoint.Pin of every source that Pins does not name
	// Pins are the certificates that were accepted at one server each, by its
	// Endpoint.Address (S7). Another server's certificate is checked as before.
	Pins map[string]string
	// Master is how every source that is opened by a master user wants the login
	// (S5); zero: the check finds out.
	Master MasterForm
	// Provider is whose servers they are: Provider.Name; "": nobody said.
	Provider string
	// Allowed are the weaknesses that the admin bears with, at one server each, by its
	// Endpoint.Address.
	Allowed map[string]Weakness
}

// PinOf returns the Endpoint.Pin of the source at an address; "": its
// certificate is checked.
func (o SourceOptions) PinOf(address string) string { return cmp.Or(o.Pins[address], o.Pin) }

// Accept pins the certificate of the server at one address. The map of another
// copy of o stays as it is.
func (o *SourceOptions) Accept(address, pin string) {
	pins := maps.Clone(o.Pins)
	if pins == nil {
		pins = make(map[string]string)
	}
	pins[address] = pin
	o.Pins = pins
}

// ChooseSource says what kind of servers the sources are, and whose. The login of a
// master user that they are known for is taken over where no other was chosen than that
// of those before.
func (m *Migration) ChooseSource(t ServerType, p Provider) {
	before, known := ProviderNamed(m.Source.Provider), m.Source.Master
	isNew := m.ServerType != t || before.Name != p.Name
	if isNew && (known == (MasterForm{}) || known == MasterFormOf(m.ServerType, before)) {
		m.Source.Master = MasterFormOf(t, p)
	}
	m.ServerType, m.Source.Provider = t, p.Name
}

// MasterFormOf returns how servers want the login of a master user; zero: the check finds
// out.
func MasterFormOf(t ServerType, p Provider) MasterForm {
	if t == Exchange { // DOMAIN\admin\alias: imapsync, FAQ.Exchange
		return MasterForm{Pattern: `{master}\{user}`}
	}
	return p.Master
}

// DraftPlan is a plan on its way through the wizard: the first pass at a time,
// or as soon as possible; the second a distance after it, or at a time. The zero
// value: not asked yet.
type DraftPlan struct {
	First  FirstStart
	Second time.Time     // zero: Gap after the first
	Gap    time.Duration // 0: Second
}

// SecondAt returns when the second pass is to start if the first does at first.
func (p DraftPlan) SecondAt(first time.Time) time.Time {
	if p.Gap > 0 {
		return first.Add(p.Gap)
	}
	return p.Second
}

// Phase says in one word how far a migration is. It is computed, never stored.
type Phase string

// The phases. A pass that is paused or interrupted is under way: the phase
// stays, and the status of the pass is shown beside it.
const (
	PhaseDraft       Phase = "draft"             // not handed in, or no pass planned yet
	PhaseValidating  Phase = "validating"        // rows are being checked
	PhaseInvalid     Phase = "invalid"           // waits for a correction
	PhaseScheduled   Phase = "scheduled"         // waits for the time of a pass
	PhaseRunning1    Phase = "running_1"         // pass 1 is due or under way
	PhaseCutOver     Phase = "awaiting_cut_over" // pass 1 is done: time to change the MX
	PhaseRunning2    Phase = "running_2"         // pass 2 is due or under way
	PhaseRunningMore Phase = "running_more"      // a pass for stragglers is due or under way
	PhaseFinished    Phase = "finished"          // everything the sources listed is there
	PhaseExceptions  Phase = "finished_with_exceptions"
	PhaseCancelled   Phase = "cancelled"
)

// Phase computes the phase at now. A planned pass whose time has come counts as
// running: the scheduler takes it in a moment.
func (m Migration) Phase(now time.Time) Phase {
	switch m.Validity {
	case Validating:
		return PhaseValidating
	case Valid:
		return m.phaseOfPasses(now)
	case Invalid:
		return PhaseInvalid
	case Cancelled:
		return PhaseCancelled
	}
	return PhaseDraft
}

func (m Migration) phaseOfPasses(now time.Time) Phase {
	current, open := Current(m.Passes)
	switch {
	case len(m.Passes) == 0:
		return PhaseDraft
	case !open:
		return m.verdict()
	case current.underWay() || current.Due(now):
		return runningPhase(current.Number)
	case current.Number == 2 && m.Passes[0].Status == PassDone:
		return PhaseCutOver
	}
	return PhaseScheduled
}

func runningPhase(number int) Phase {
	switch number {
	case 1:
		return PhaseRunning1
	case 2:
		return PhaseRunning2
	}
	return PhaseRunningMore
}

// verdict judges by the last pass: what failed in an earlier one was tried
// again in it. A cancelled last pass leaves mail behind, so it is never clean.
func (m Migration) verdict() Phase {
	last := m.Passes[len(m.Passes)-1]
	switch {
	case !slices.ContainsFunc(m.Passes, func(p Pass) bool { return p.Status == PassDone }):
		return PhaseCancelled
	case last.Status == PassDone && last.Runs.Clean():
		return PhaseFinished
	}
	return PhaseExceptions
}

// CountsAtOnce reports whether the migration is one of the few that a customer
// may have planned at once: all but drafts and those that are not valid,
// finished or cancelled (S3).
func (m Migration) CountsAtOnce(now time.Time) bool {
	switch m.Phase(now) {
	case PhaseDraft, PhaseInvalid, PhaseFinished, PhaseExceptions, PhaseCancelled:
		return false
	}
	return true
}

// DuePass returns the pass that a free scheduler starts or resumes at now. A
// paused pass waits for a person.
func (m Migration) DuePass(now time.Time) (Pass, bool) {
	current, open := Current(m.Passes)
	ready := open && (current.Due(now) || current.Status == PassInterrupted)
	if m.Validity != Valid || !ready {
		return Pass{}, false
	}
	return current, true
}

// CanDelete reports whether the migration may be deleted: not while a pass
// runs, nor while a parked run of an earlier pass is trying again (S21).
func (m Migration) CanDelete() bool {
	return !slices.ContainsFunc(m.Passes, func(p Pass) bool {
		return p.Status == PassRunning || p.Runs.AtWork > 0
	})
}

// CanCancel reports whether the migration may be cancelled as it is. A running
// pass has to be interrupted first; what is over cannot be cancelled any more.
func (m Migration) CanCancel() bool {
	return m.CanDelete() && m.Validity.CanBecome(Cancelled) && !m.IsOver()
}

// IsOver reports whether all passes have ended, and no run of the last one goes on
// alone.
func (m Migration) IsOver() bool {
	_, ended := m.ended()
	return ended && m.Passes[len(m.Passes)-1].Runs.Parked+m.Passes[len(m.Passes)-1].Runs.Open == 0
}

// ExpiresAt returns when the migration is old enough to be deleted by itself:
// KeepFor after the end of the last pass, else after the last change. A pass
// that is still planned keeps its migration until after its date (S22).
func (m Migration) ExpiresAt(policy Policy) time.Time {
	from, ended := m.ended()
	if !ended {
		from = latest(from, m.ChangedAt)
	}
	if pass, open := Current(m.Passes); open && m.Validity == Valid {
		from = latest(from, pass.PlannedAt)
	}
	return from.Add(policy.KeepFor)
}

// Expired reports whether the migration is to be deleted now (S22).
func (m Migration) Expired(policy Policy, now time.Time) bool {
	return m.CanDelete() && !m.ExpiresAt(policy).After(now)
}

// SecretsEndAt returns when the migration is closed and its secrets are
// destroyed: when it is cancelled, or KeepSecretsFor after the second pass, which
// is the time for retries and for stragglers; a later pass that ends after that
// closes it at once, unless parked runs will try again (S22). False: a pass is
// to come, so they are still needed.
func (m Migration) SecretsEndAt(policy Policy) (time.Time, bool) {
	if m.Validity == Cancelled {
		return m.ChangedAt, true
	}
	end, ended := m.ended()
	if !ended {
		return time.Time{}, false
	}
	last := m.Passes[len(m.Passes)-1]
	switch {
	case last.Status == PassDone && last.Runs.Parked+last.Runs.Open > 0:
		end = end.Add(policy.KeepSecretsFor)
	case len(m.Passes) > 1 && m.Passes[1].Status == PassDone:
		end = latest(end, m.Passes[1].EndedAt.Add(policy.KeepSecretsFor))
	}
	return end, true
}

// ended returns the end of the pass that ended last, and whether all passes
// have ended.
func (m Migration) ended() (time.Time, bool) {
	var end time.Time
	for _, pass := range m.Passes {
		end = latest(end, pass.EndedAt)
	}
	_, open := Current(m.Passes)
	return end, len(m.Passes) > 0 && !open && !end.IsZero()
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
