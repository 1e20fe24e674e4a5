package driver

// Narrowings returns how many compiled narrowings the plugin has.
func (p *Plugin) Narrowings() int {
	p.narrowings.mu.RLock()
	defer p.narrowings.mu.RUnlock()
	return len(p.narrowings.byDocument)
}
