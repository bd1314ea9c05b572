package handlers

import (
	"time"

	"trasloco/migration"
)

// people adds the faces of the pages about people that no walk over routes finds:
// a user in each state, forms that were refused, what is shown once.
func (g *gallery) people() {
	p, ctx := g.panel, g.t.Context()
	guest := migration.User{CustomerID: p.customer, Role: migration.Manager, Name: "Giulia Conti", Email: "giulia@rossi.example", DomainIDs: []int64{p.domains[0].ID}}
	link := p.newLink()
	check(g.t, p.Store.Invite(ctx, &guest, link))
	blocked := migration.User{CustomerID: p.customer, Role: migration.TeamMember, Name: "Giulia Conti", Email: "blocked@rossi.example", BlockedAt: time.Time{}}
	check(g.t, p.Store.CreateUser(ctx, &blocked, "no password"))
	blocked.BlockedAt = p.clock.now()
	check(g.t, p.Store.SaveUser(ctx, p.customer, blocked))
	guarded := migration.User{CustomerID: p.customer, Role: migration.Admin, Name: "Giulia Conti", Email: "guarded@rossi.example"}
	check(g.t, p.Store.CreateUser(ctx, &guarded, "no password"))
	secret := migration.NewSecret("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
	check(g.t, p.Store.OfferFactor(ctx, guarded.ID, secret))
	guarded, err := p.Store.ConfirmFactor(ctx, p.byEmail(guarded.Email), 1, newRecoverySet(), false)
	check(g.t, err)
	check(g.t, p.Store.OfferFactor(ctx, p.member.ID, secret))
	asGuarded := func(*panel) *migration.User { return &guarded }
	g.states = append(
		g.states,
		state{name: "forgot", path: "/forgot", who: asNobody, code: 200},
		state{name: "choose-password", path: "/invitation/" + link.Token.Reveal(), who: asNobody, code: 200},
		state{name: "link-dead", path: "/reset/nothing", who: asNobody, code: 404},
		state{name: "invite-refused", path: "/users/new", who: asOperator, action: "/users/new", fields: []string{"name", "", "role", "manager"}, code: 422},
		state{name: "user-invited", path: numbered("/users", guest.ID), who: asOperator, code: 200},
		state{name: "user-link", path: numbered("/users", guest.ID), who: asOperator, action: "/link", code: 200},
		state{name: "user-blocked", path: numbered("/users", blocked.ID), who: asOperator, code: 200},
		state{name: "user-self", path: numbered("/users", p.operator.ID), who: asOperator, code: 200},
		state{name: "user-factor", path: numbered("/users", guarded.ID), who: asOperator, code: 200},
		state{name: "user-factor-reset", path: numbered("/users", guarded.ID, "/factor"), who: asOperator, code: 200},
		state{name: "users-of-another", path: "/users", who: asStranger, code: 200},
		state{name: "domains-refused", path: "/domains", who: asStranger, action: "/domains", fields: []string{"domain", "no domain"}, code: 422},
		state{name: "domain-used", path: numbered("/domains", p.domains[1].ID), who: asOperator, code: 200},
		state{name: "customer-refused", path: "/customers/new", who: asOperator, action: "/customers/new", fields: []string{"customer", ""}, code: 422},
		state{name: "factor-offered", path: "/profile/factor", who: asMember, code: 200},
		state{name: "factor-on", path: "/profile/factor", who: asGuarded, code: 200},
	)
}
