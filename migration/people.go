package migration

import (
	"fmt"
	"slices"
	"time"
)

// Customer is a tenant: it owns domains, users and migrations, and sees nothing
// of another's.
type Customer struct {
	ID   int64
	Name string
}

// Role says what a user may do inside his customer.
type Role string

// The roles of a customer (S2).
const (
	// Admin looks after all of the customer: users, domains, migrations.
	Admin Role = "admin"
	// TeamMember looks after all migrations, but no users and settings.
	TeamMember Role = "team_member"
	// Manager looks after the migrations into the domains he is authorised for.
	Manager Role = "manager"
)

// User is a person who signs in to the panel.
type User struct {
	ID         int64
	CustomerID int64
	Role       Role
	// Operator marks who runs the installation, beside his role in a customer.
	Operator  bool
	DomainIDs []int64 // the domains a Manager is authorised for
	Name      string
	Email     string
	Language  string // BCP 47 tag of the pages and mails he gets; "": by the browser
	TimeZone  string // IANA name of the zone his dates are shown and read in
	Theme     Theme

	// The store sets these.
	HasPassword  bool      // false: he was invited and has not come yet
	BlockedAt    time.Time // zero: he is not
	SecondFactor bool      // his login asks for a code too
	SeenAt       time.Time // zero: never
	// Stamp is another one after each change of his password, second factor, role
	// or block. What was decided by an older one holds no more.
	Stamp string
}

// UserState says whether a user may come in.
type UserState string

// The states of a user.
const (
	UserInvited UserState = "invited" // has not chosen a password yet
	UserActive  UserState = "active"
	UserBlocked UserState = "blocked" // cannot sign in until somebody unblocks him
)

// State returns where a user stands.
func (u User) State() UserState {
	switch {
	case !u.BlockedAt.IsZero():
		return UserBlocked
	case !u.HasPassword:
		return UserInvited
	}
	return UserActive
}

// Theme is the look a user chose.
type Theme string

// The themes. The zero value follows the system.
const (
	ThemeAuto  Theme = ""
	ThemeLight Theme = "light"
	ThemeDark  Theme = "dark"
)

// Domain is a mail domain of a customer, with the server that holds its
// mailboxes.
type Domain struct {
	ID            int64
	CustomerID    int64
	DestinationID int64
	Name          string // lower case, ASCII form
}

// Destination is a destination server: how it is reached, and how to log in to
// a mailbox there.
type Destination struct {
	ID   int64
	Name string
	// Endpoint reaches the server. Its Auth holds the master user, if the
	// server has one; with AuthPassword every row brings its mailbox's own
	// password.
	Endpoint Endpoint
	// MX are the records to enter for a domain that moves there, one each, such
	// as "10 mx1.example.net"; empty: the operator told none.
	MX []string
}

// NeedsPassword reports whether each row must bring the mailbox's own password.
func (d Destination) NeedsPassword() bool { return d.Endpoint.Auth.Kind != AuthMaster }

// For returns the endpoint of one mailbox. The password is used only where
// NeedsPassword.
func (d Destination) For(login string, password Secret) Endpoint {
	end := d.Endpoint
	end.Auth.Login = login
	if d.NeedsPassword() {
		end.Auth = Auth{Kind: AuthPassword, Login: login, Password: password}
	}
	return end
}

// CanManageInstallation reports whether u may manage customers, destination
// servers, limits and mail settings.
func (u User) CanManageInstallation() bool { return u.Operator }

// CanManageCustomer reports whether u may manage the users and domains of a
// customer: its admins, and the operator, who sets up the first of them.
func (u User) CanManageCustomer(customerID int64) bool {
	return u.Operator || u.belongsTo(customerID) && u.Role == Admin
}

// CanManageUsers reports whether u may manage the users and domains of any
// customer at all.
func (u User) CanManageUsers() bool { return u.CanManageCustomer(u.CustomerID) }

// CanChangeUser reports whether u may change, block and delete another user, and
// take his second factor away. An operator is for operators alone: who could
// take over his account would run the installation. What u may do to himself is
// less, MayChangeRoleOf.
func (u User) CanChangeUser(other User) bool {
	return u.CanManageCustomer(other.CustomerID) && (u.Operator || !other.Operator)
}

// MayChangeRoleOf reports whether u may give another user a role, block and
// delete him: nobody does any of it to himself.
func (u User) MayChangeRoleOf(other User) bool {
	return u.ID != other.ID && u.CanChangeUser(other)
}

// CanManageDomain reports whether u may change and delete a domain.
func (u User) CanManageDomain(d Domain) bool { return u.CanManageCustomer(d.CustomerID) }

// CanUseDomain reports whether a row of u's may name an account in the domain
// as its destination (S2).
func (u User) CanUseDomain(d Domain) bool {
	return u.belongsTo(d.CustomerID) && u.coversDomain(d.ID)
}

// CanSee reports whether u may look at the migration; the answer to anybody
// else is ErrNotFound.
func (u User) CanSee(m Migration) bool { return u.Operator || u.CanChange(m) }

// CanChange reports whether u may plan, correct, move, pause, cancel and delete
// the migration. A Manager must be authorised for every domain in it; while it
// names none yet, it is for him who began it.
func (u User) CanChange(m Migration) bool {
	if !u.belongsTo(m.CustomerID) {
		return false
	}
	if u.Role == Manager && len(m.DomainIDs) == 0 {
		return u.ID == m.UserID
	}
	return !slices.ContainsFunc(m.DomainIDs, func(id int64) bool { return !u.coversDomain(id) }) && u.hasRole()
}

// CanAddPass reports whether u may plan one more pass for stragglers.
func (u User) CanAddPass(m Migration) bool { return u.Role == Admin && u.CanChange(m) }

// belongsTo holds for no user without a customer: 0 is nobody's.
func (u User) belongsTo(customerID int64) bool {
	return customerID != 0 && u.CustomerID == customerID
}

func (u User) hasRole() bool {
	return u.Role == Admin || u.Role == TeamMember || u.Role == Manager
}

func (u User) coversDomain(domainID int64) bool {
	switch u.Role {
	case Admin, TeamMember:
		return true
	case Manager:
		return slices.Contains(u.DomainIDs, domainID)
	}
	return false
}

// What must not be taken away; both are ErrConflict too.
var (
	// ErrLastAdmin: a customer keeps one admin who can sign in.
	ErrLastAdmin = fmt.Errorf("the last admin of a customer: %w", ErrConflict)
	// ErrLastOperator: the installation keeps one operator who can sign in.
	ErrLastOperator = fmt.Errorf("the last operator: %w", ErrConflict)
)

// Leads reports whether u is one of those a customer needs one of: an admin who
// can sign in.
func (u User) Leads() bool { return u.Role == Admin && u.State() == UserActive }

// Runs reports whether u is an operator who can sign in.
func (u User) Runs() bool { return u.Operator && u.State() == UserActive }

// GuardLast refuses a change of a user, or his end (after is the zero User), by
// which the last of those who can sign in would go: an admin of his customer, or
// an operator. others are all users of the installation but him.
func GuardLast(before, after User, others []User) error {
	sameCustomer := func(u User) bool { return u.Leads() && u.CustomerID == before.CustomerID }
	switch {
	case before.Runs() && !after.Runs() && !slices.ContainsFunc(others, User.Runs):
		return ErrLastOperator
	case before.Leads() && !after.Leads() && !slices.ContainsFunc(others, sameCustomer):
		return ErrLastAdmin
	}
	return nil
}
