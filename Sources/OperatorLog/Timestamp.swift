/// Times as records have them, in bytes; each line has one, so it takes no call of the C library.
enum Timestamp {
    /// RFC 3339 in UTC with milliseconds, `2026-11-22T10:00:00.123Z`.
    static func append(_ seconds: Double, to bytes: inout [UInt8]) {
        let milliseconds = milliseconds(seconds)
        let (year, month, day) = date(days: floorDivide(milliseconds, 86_400_000))
        append(year, 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(month, 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(day, 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        appendTime(seconds, to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// `10:00:00.123`, in UTC.
    static func appendTime(_ seconds: Double, to bytes: inout [UInt8]) {
        let total = milliseconds(seconds)
        let time = total - floorDivide(total, 86_400_000) * 86_400_000
        append(time / 3_600_000, 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(time / 60_000 % 60, 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(time / 1000 % 60, 2, to: &bytes)
        bytes.append(UInt8(ascii: "."))
        append(time % 1000, 3, to: &bytes)
    }

    /// Beyond the years 1 to 9999 there is no such text.
    private static func milliseconds(_ seconds: Double) -> Int {
        seconds.isFinite ? Int((min(max(seconds, -62_135_596_800), 253_402_300_799) * 1000).rounded(.down)) : 0
    }

    private static func floorDivide(_ value: Int, _ divisor: Int) -> Int {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }

    /// The day of the Gregorian calendar so many days after 1 January 1970. Years begin in March here, so that leap days are
    /// last; an era has 400 years.
    private static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9, day)
    }

    private static func append(_ value: Int, _ digits: Int, to bytes: inout [UInt8]) {
        var divisor = digits == 4 ? 1000 : digits == 3 ? 100 : 10
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
