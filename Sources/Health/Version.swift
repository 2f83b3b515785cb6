import CVersion

/// Version of all programs of this package.
package enum Version {
    /// A semantic version: what `etc/build/dist` has stamped into the program, else the next one with `-dev`.
    package static let current = String(cString: cox_version())
}
