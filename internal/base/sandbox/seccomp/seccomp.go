// Package seccomp is the system call filter of sandboxed commands: it refuses
// what no build or service needs and what has a long record of holes.
package seccomp
