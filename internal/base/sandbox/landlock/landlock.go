// Package landlock gives a thread the kernel's access rules for files, where the
// kernel has them: a second wall behind the mounts of a sandbox. It exists on
// Linux only.
package landlock
