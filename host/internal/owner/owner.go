// Package owner tells what nobody but an administrator can replace: programs and modules that get everybody's PIN must be such.
package owner
