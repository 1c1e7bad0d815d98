// Package registry writes the registry for tests of a Windows that is thrown away.
package registry
