// Package owner tells what nobody but an administrator can replace.
//
// Programs that get everybody's PIN must be such, PKCS#11 modules of the agent too.
package owner
