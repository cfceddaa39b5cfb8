package httpapi

// ByHuma makes the API serve every command by huma, none the short way.
func (a *API) ByHuma() { clear(a.commands) }
