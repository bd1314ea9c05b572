// Package handlers answers the browser. A handler asks who is there, reads the
// form, lets the domain judge, tells the store or the desk, and shows a page:
// it decides nothing that outlives the request.
//
// Every route stands in one table (routes.go) with the right it asks for; the
// middleware sees to the right before a handler runs. Pages work without
// scripts: forms are posted, answered with a redirect, or with status 422 and
// the same form.
package handlers
