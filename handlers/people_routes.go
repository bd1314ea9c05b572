package handlers

import "net/http"

// peopleRoutes holds the routes about users, domains and customers.
func peopleRoutes() []route {
	return []route{
		{http.MethodGet, "/users", managesPeople, light, (*Server).listUsers},
		{http.MethodGet, "/users/new", managesPeople, light, (*Server).showInvite},
		{http.MethodPost, "/users/new", managesPeople, light, (*Server).invite},
		{http.MethodGet, "/users/:user", changesUser, light, (*Server).showUser},
		{http.MethodPost, "/users/:user", changesUser, light, (*Server).saveUser},
		{http.MethodPost, "/users/:user/block", rulesUser, light, (*Server).blockUser},
		{http.MethodPost, "/users/:user/unblock", rulesUser, light, (*Server).unblockUser},
		{http.MethodPost, "/users/:user/link", rulesUser, light, (*Server).renewLink},
		{http.MethodGet, "/users/:user/factor", rulesUser, light, (*Server).askResetFactor},
		{http.MethodPost, "/users/:user/factor", rulesUser, light, (*Server).resetFactor},
		{http.MethodGet, "/users/:user/delete", rulesUser, light, (*Server).askDeleteUser},
		{http.MethodPost, "/users/:user/delete", rulesUser, light, (*Server).deleteUser},

		{http.MethodGet, "/domains", managesPeople, light, (*Server).listDomains},
		{http.MethodPost, "/domains", managesPeople, light, (*Server).addDomain},
		{http.MethodGet, "/domains/:domain", managesDomain, light, (*Server).showDomain},
		{http.MethodPost, "/domains/:domain", managesDomain, light, (*Server).saveDomain},
		{http.MethodGet, "/domains/:domain/delete", managesDomain, light, (*Server).askDeleteDomain},
		{http.MethodPost, "/domains/:domain/delete", managesDomain, light, (*Server).deleteDomain},

		{http.MethodGet, "/customers", runsInstallation, light, (*Server).listCustomers},
		{http.MethodGet, "/customers/new", runsInstallation, light, (*Server).showNewCustomer},
		{http.MethodPost, "/customers/new", runsInstallation, light, (*Server).createCustomer},
		{http.MethodGet, "/customers/:customer", runsInstallation, light, (*Server).showCustomer},
		{http.MethodPost, "/customers/:customer", runsInstallation, light, (*Server).renameCustomer},
	}
}

// accountRoutes holds the routes about one's own way in: links that mails bring,
// the second factor, sessions.
func accountRoutes() []route {
	return []route{
		{http.MethodGet, "/login/code", anybody, light, (*Server).showCode},
		{http.MethodPost, "/login/code", anybody, light, (*Server).enterCode},
		{http.MethodGet, "/forgot", anybody, light, (*Server).showForgot},
		{http.MethodPost, "/forgot", anybody, light, (*Server).forgot},
		{http.MethodGet, "/invitation/:token", anybody, light, (*Server).showInvitation},
		{http.MethodPost, "/invitation/:token", anybody, light, (*Server).acceptInvitation},
		{http.MethodGet, "/reset/:token", anybody, light, (*Server).showReset},
		{http.MethodPost, "/reset/:token", anybody, light, (*Server).resetPassword},

		{http.MethodGet, "/profile/factor", signedIn, light, (*Server).showFactor},
		{http.MethodPost, "/profile/factor/offer", signedIn, light, (*Server).offerFactor},
		{http.MethodPost, "/profile/factor/confirm", signedIn, light, (*Server).confirmFactor},
		{http.MethodPost, "/profile/factor/codes", signedIn, light, (*Server).newRecoveryCodes},
		{http.MethodPost, "/profile/factor/off", signedIn, light, (*Server).removeFactor},
		{http.MethodPost, "/profile/sessions/others", signedIn, light, (*Server).endOtherSessions},
		{http.MethodPost, "/profile/sessions/:session", signedIn, light, (*Server).endSession},
	}
}
