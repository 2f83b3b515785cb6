import CLeptonica
import Glibc
import RenderProtocol
import Rendering
import Testing

/// A picture in a test's hands: made by leptonica, or decoded from what a renderer sent.
final class Picture {
    let pix: UnsafeMutablePointer<Pix>

    init(_ pix: UnsafeMutablePointer<Pix>?) throws {
        self.pix = try #require(pix)
    }

    convenience init(decoding bytes: [UInt8]) throws {
        try self.init(pixReadMem(bytes, bytes.count))
    }

    /// The one picture of a page that went whole.
    convenience init(of page: EncodedPage) throws {
        try #require(page.pictures.count == 1)
        try self.init(decoding: page.pictures[0].bytes)
    }

    convenience init(path: String) throws {
        try self.init(pixRead(path))
    }

    deinit {
        var pix: UnsafeMutablePointer<Pix>? = pix
        pixDestroy(&pix)
    }

    /// A picture that shows which side is up: left upper quarter red, right half black, the rest white.
    static func sample(width: Int = 64, height: Int = 32, depth: Int = 32) throws -> Picture {
        let picture = try Picture(pixCreate(CInt(width), CInt(height), CInt(depth)))
        let black: UInt32 = depth == 1 ? 1 : 0
        let white: UInt32 = depth == 1 ? 0 : depth == 8 ? 0xFF : 0xFFFF_FF00
        let red: UInt32 = depth == 32 ? 0xFF00_0000 : black
        for y in 0..<height {
            for x in 0..<width {
                let value = x >= width / 2 ? black : y < height / 2 ? red : white
                pixSetPixel(picture.pix, CInt(x), CInt(y), value)
            }
        }
        return picture
    }

    var width: Int { Int(pixGetWidth(pix)) }
    var height: Int { Int(pixGetHeight(pix)) }

    func encoded(_ format: Int) throws -> [UInt8] {
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        try #require(pixWriteMem(&bytes, &count, pix, CInt(format)) == 0)
        defer { free(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }

    /// Red, green and blue, at a place given in parts of the whole.
    func color(_ x: Double, _ y: Double) -> (red: Int, green: Int, blue: Int) {
        var (red, green, blue): (CInt, CInt, CInt) = (0, 0, 0)
        let (column, row) = (CInt(x * Double(width)), CInt(y * Double(height)))
        if pixGetDepth(pix) == 32 {
            pixGetRGBPixel(pix, column, row, &red, &green, &blue)
        } else {
            var value: UInt32 = 0
            pixGetPixel(pix, column, row, &value)
            (red, green, blue) = (CInt(value), CInt(value), CInt(value))
        }
        return (Int(red), Int(green), Int(blue))
    }

    func isRed(_ x: Double, _ y: Double) -> Bool {
        let color = color(x, y)
        return color.red > 200 && color.green < 60 && color.blue < 60
    }

    func isBlack(_ x: Double, _ y: Double) -> Bool {
        let color = color(x, y)
        return max(color.red, color.green, color.blue) < 40
    }

    func isWhite(_ x: Double, _ y: Double) -> Bool {
        let color = color(x, y)
        return min(color.red, color.green, color.blue) > 215
    }

    /// Mean darkness, 0 for white paper, 1 for black; for pictures of 8 bits a pixel.
    func darkness() throws -> Double {
        var mean: Float = 0
        try #require(pixGetAverageMasked(pix, nil, 0, 0, 1, CInt(L_MEAN_ABSVAL), &mean) == 0)
        return 1 - Double(mean) / 255
    }
}
