/// A process id as the kernel counts them in our PID namespace (`pid_t`).
package typealias ProcessID = Int32
