package migration

import (
	"errors"
	"testing"
	"time"
)

// The people of these tests: customer 1 has domains 10 and 11, customer 2 has
// domain 20. Manager m looks after domain 10 only.
var (
	adminOne = User{ID: 1, CustomerID: 1, Role: Admin}
	teamOne  = User{ID: 2, CustomerID: 1, Role: TeamMember}
	manager  = User{ID: 3, CustomerID: 1, Role: Manager, DomainIDs: []int64{10}}
	adminTwo = User{ID: 4, CustomerID: 2, Role: Admin}
	operator = User{ID: 5, Operator: true}
	reseller = User{ID: 6, CustomerID: 1, Role: Admin, Operator: true}
	roleless = User{ID: 7, CustomerID: 1}
	stray    = User{ID: 8, Role: Admin} // belongs to nobody
)

func TestWhoMayDoWhatToAMigration(t *testing.T) {
	ofTen := Migration{CustomerID: 1, UserID: 1, DomainIDs: []int64{10}}
	ofEleven := Migration{CustomerID: 1, UserID: 3, DomainIDs: []int64{11}}
	ofBoth := Migration{CustomerID: 1, UserID: 3, DomainIDs: []int64{10, 11}}
	ownDraft := Migration{CustomerID: 1, UserID: 3}
	othersDraft := Migration{CustomerID: 1, UserID: 1}
	ofNobody := Migration{DomainIDs: []int64{10}}
	tests := []struct {
		name    string
		user    User
		m       Migration
		allowed string // s: see, c: change, p: add a pass
	}{
		{"an admin, any of his customer", adminOne, ofBoth, "scp"},
		{"an admin, a draft of another user", adminOne, ownDraft, "scp"},
		{"an admin, another customer's", adminTwo, ofBoth, ""},
		{"a team member, any of his customer, no pass for stragglers", teamOne, ofBoth, "sc"},
		{"a team member, a draft of another user", teamOne, ownDraft, "sc"},
		{"a manager, of his domain, though another asked", manager, ofTen, "sc"},
		{"a manager, of another domain, though he asked", manager, ofEleven, ""},
		{"a manager, of his and another domain", manager, ofBoth, ""},
		{"a manager, his own draft without rows", manager, ownDraft, "sc"},
		{"a manager, another's draft without rows", manager, othersDraft, ""},
		{"an operator sees everything and changes nothing", operator, ofBoth, "s"},
		{"an operator who is an admin as well", reseller, ofBoth, "scp"},
		{"a user without a role", roleless, ofTen, ""},
		{"a user without a role, a draft without rows", roleless, othersDraft, ""},
		{"a user of no customer, a migration of no customer", stray, ofNobody, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for _, right := range []struct {
				letter string
				can    func(Migration) bool
			}{{"s", tt.user.CanSee}, {"c", tt.user.CanChange}, {"p", tt.user.CanAddPass}} {
				if right.can(tt.m) {
					got += right.letter
				}
			}
			if got != tt.allowed {
				t.Errorf("may %q, want %q", got, tt.allowed)
			}
		})
	}
}

func TestWhoMayUseADomain(t *testing.T) {
	ten, eleven, twenty := Domain{ID: 10, CustomerID: 1}, Domain{ID: 11, CustomerID: 1}, Domain{ID: 20, CustomerID: 2}
	tests := []struct {
		name string
		user User
		want [3]bool
	}{
		{"an admin uses those of his customer", adminOne, [3]bool{true, true, false}},
		{"a team member too", teamOne, [3]bool{true, true, false}},
		{"a manager those he is authorised for", manager, [3]bool{true, false, false}},
		{"a manager with a foreign domain on his list", User{CustomerID: 1, Role: Manager, DomainIDs: []int64{20}}, [3]bool{}},
		{"another customer's admin his own", adminTwo, [3]bool{false, false, true}},
		{"an operator none", operator, [3]bool{}},
		{"a user without a role none", roleless, [3]bool{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := [3]bool{tt.user.CanUseDomain(ten), tt.user.CanUseDomain(eleven), tt.user.CanUseDomain(twenty)}
			if got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

func TestWhoMayManage(t *testing.T) {
	tests := []struct {
		name                   string
		user                   User
		one, two, installation bool
	}{
		{"an admin his customer", adminOne, true, false, false},
		{"a team member nothing", teamOne, false, false, false},
		{"a manager nothing", manager, false, false, false},
		{"an operator all", operator, true, true, true},
		{"a reseller on his own all", reseller, true, true, true},
		{"an admin of nobody nothing", stray, false, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			one, two := tt.user.CanManageCustomer(1), tt.user.CanManageCustomer(2)
			if one != tt.one || two != tt.two || tt.user.CanManageInstallation() != tt.installation {
				t.Errorf("customers %v %v, installation %v", one, two, tt.user.CanManageInstallation())
			}
		})
	}
	if stray.CanManageCustomer(0) {
		t.Error("customer 0 is nobody's")
	}
}

func TestDestinationMakesTheEndpointOfAMailbox(t *testing.T) {
	server := Endpoint{Host: "mail.example.net", Port: 993, TLS: TLSDirect, Pin: "ab"}
	master := server
	master.Auth = Auth{Kind: AuthMaster, Master: "mover", Password: NewSecret("m"), Form: MasterForm{Separator: "%"}}

	end := Destination{Endpoint: master}.For("a@x.it", NewSecret("own"))
	if end.Auth.Login != "a@x.it" || end.Auth.Password.Reveal() != "m" || end.Auth.Master != "mover" || end.Auth.Form.Separator != "%" {
		t.Errorf("master user: %+v", end.Auth)
	}
	if (Destination{Endpoint: master}).NeedsPassword() || !(Destination{Endpoint: server}).NeedsPassword() {
		t.Error("a password is needed exactly where there is no master user")
	}

	end = Destination{Endpoint: server}.For("a@x.it", NewSecret("own"))
	if end.Auth.Kind != AuthPassword || end.Auth.Login != "a@x.it" || end.Auth.Password.Reveal() != "own" {
		t.Errorf("own password: %+v", end.Auth)
	}
	if end.Host != server.Host || end.Port != 993 || end.TLS != TLSDirect || end.Pin != "ab" {
		t.Errorf("server: %+v", end)
	}
	if master.Auth.Login != "" {
		t.Error("the destination server itself was changed")
	}
}

// What a role may do to people and domains: role × action × own or foreign
// customer. c: manage users and domains, d: manage the domain; u, o: change an
// ordinary user, an operator; r: give the ordinary user a role, block and delete
// him; i: manage the installation.
func TestWhoMayDoWhatToPeopleAndDomains(t *testing.T) {
	type target struct {
		customer       int64
		user, operator User
		domain         Domain
	}
	own := target{1, User{ID: 20, CustomerID: 1, Role: TeamMember}, User{ID: 21, CustomerID: 1, Role: Admin, Operator: true}, Domain{ID: 10, CustomerID: 1}}
	foreign := target{2, User{ID: 22, CustomerID: 2, Role: TeamMember}, User{ID: 23, CustomerID: 2, Role: Admin, Operator: true}, Domain{ID: 20, CustomerID: 2}}
	tests := []struct {
		name         string
		user         User
		own, foreign string
	}{
		{"an admin all of his own but the operator", adminOne, "cdur", ""},
		{"a team member nothing", teamOne, "", ""},
		{"a manager nothing, not even of his domain", manager, "", ""},
		{"an operator all", operator, "cduroi", "cduroi"},
		{"a reseller all", reseller, "cduroi", "cduroi"},
		{"a user without a role nothing", roleless, "", ""},
		{"an admin of nobody nothing", stray, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, side := range []struct {
				of   target
				want string
			}{{own, tt.own}, {foreign, tt.foreign}} {
				got := ""
				for _, right := range []struct {
					letter string
					can    bool
				}{
					{"c", tt.user.CanManageCustomer(side.of.customer)},
					{"d", tt.user.CanManageDomain(side.of.domain)},
					{"u", tt.user.CanChangeUser(side.of.user)},
					{"r", tt.user.MayChangeRoleOf(side.of.user)},
					{"o", tt.user.CanChangeUser(side.of.operator)},
					{"i", tt.user.CanManageInstallation()},
				} {
					if right.can {
						got += right.letter
					}
				}
				if got != side.want {
					t.Errorf("customer %d: may %q, want %q", side.of.customer, got, side.want)
				}
			}
		})
	}
	if adminOne.MayChangeRoleOf(adminOne) || reseller.MayChangeRoleOf(reseller) {
		t.Error("somebody gives himself a role")
	}
}

func TestSomebodyMustBeLeft(t *testing.T) {
	active := func(id, customer int64, role Role, operator bool) User {
		return User{ID: id, CustomerID: customer, Role: role, Operator: operator, HasPassword: true}
	}
	blocked := func(u User) User { u.BlockedAt = time.Unix(1, 0); return u }
	invited := func(u User) User { u.HasPassword = false; return u }
	as := func(u User, role Role, operator bool) User { u.Role, u.Operator = role, operator; return u }
	admin, second := active(1, 1, Admin, false), active(2, 1, Admin, false)
	boss, otherBoss := active(3, 1, Admin, true), active(4, 2, Admin, true)
	gone := User{}
	tests := []struct {
		name          string
		before, after User
		others        []User
		want          error
	}{
		{"the last admin cannot go", admin, gone, nil, ErrLastAdmin},
		{"nor be blocked", admin, blocked(admin), nil, ErrLastAdmin},
		{"nor become a manager", admin, as(admin, Manager, false), nil, ErrLastAdmin},
		{"one of two can", admin, gone, []User{second}, nil},
		{"another who is blocked does not count", admin, gone, []User{blocked(second)}, ErrLastAdmin},
		{"nor one who has not come yet", admin, gone, []User{invited(second)}, ErrLastAdmin},
		{"nor another customer's", admin, gone, []User{otherBoss}, ErrLastAdmin},
		{"nor a team member", admin, gone, []User{active(9, 1, TeamMember, false)}, ErrLastAdmin},
		{"an invitation can be taken back", invited(admin), gone, nil, nil},
		{"who is blocked can go", blocked(admin), gone, nil, nil},
		{"a name may change", admin, admin, nil, nil},
		{"the last operator cannot go", boss, gone, []User{admin}, ErrLastOperator},
		{"nor stop being one", boss, as(boss, Admin, false), []User{admin}, ErrLastOperator},
		{"one of two can, where an admin is left", boss, gone, []User{admin, otherBoss}, nil},
		{"but not as the last admin", boss, gone, []User{otherBoss}, ErrLastAdmin},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := GuardLast(tt.before, tt.after, tt.others)
			if !errors.Is(err, tt.want) || tt.want != nil && !errors.Is(err, ErrConflict) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}
