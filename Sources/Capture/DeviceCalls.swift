import CPosix
import CV4L2
import Glibc

/// The system calls that reach a video device: the seam at which tests and fuzzers put
/// answers of their own. Results are 0 or
/// an errno.
package protocol DeviceCalls: Sendable {
  /// Opens for reading and writing without blocking.
  func open(_ path: String) -> Result<Int32, Errno>
  func close(_ fd: Int32)
  func ioctl(_ fd: Int32, _ request: UInt, _ argument: UnsafeMutableRawPointer) -> Int32
  func map(_ fd: Int32, length: Int, offset: Int) -> Result<UnsafeMutableRawPointer, Errno>
  func unmap(_ start: UnsafeMutableRawPointer, length: Int)
}

/// An errno as an error.
package struct Errno: Error, Equatable {
  package var code: Int32
  package init(_ code: Int32) { self.code = code }
}

/// The kernel itself.
struct KernelCalls: DeviceCalls {
  func open(_ path: String) -> Result<Int32, Errno> {
    let fd = unsafe vp_open(path, O_RDWR | O_NONBLOCK)
    return fd < 0 ? .failure(Errno(Glibc.errno)) : .success(fd)
  }

  func close(_ fd: Int32) { _ = Glibc.close(fd) }

  func ioctl(_ fd: Int32, _ request: UInt, _ argument: UnsafeMutableRawPointer) -> Int32 {
    unsafe vp_ioctl(fd, request, argument)
  }

  func map(_ fd: Int32, length: Int, offset: Int) -> Result<UnsafeMutableRawPointer, Errno> {
    let start = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset)
    guard let start = unsafe start, unsafe start != MAP_FAILED else {
      return unsafe .failure(Errno(Glibc.errno))
    }
    return unsafe .success(start)
  }

  func unmap(_ start: UnsafeMutableRawPointer, length: Int) { unsafe munmap(start, length) }
}

/// libv4l2 between us and the kernel: it converts formats that we do not read (Bayer and the like), at
/// the cost of a pass over every pixel.
struct ConvertingCalls: DeviceCalls {
  func open(_ path: String) -> Result<Int32, Errno> {
    let opened = KernelCalls().open(path)
    guard case .success(let fd) = opened else { return opened }
    let failure = vp_converting_open(fd)
    guard failure == 0 else {
      KernelCalls().close(fd)
      return .failure(Errno(failure))
    }
    return opened
  }

  func close(_ fd: Int32) { vp_converting_close(fd) }

  func ioctl(_ fd: Int32, _ request: UInt, _ argument: UnsafeMutableRawPointer) -> Int32 {
    unsafe vp_converting_ioctl(fd, request, argument)
  }

  func map(_ fd: Int32, length: Int, offset: Int) -> Result<UnsafeMutableRawPointer, Errno> {
    guard let start = unsafe vp_converting_mmap(length, fd, Int64(offset)) else {
      return unsafe .failure(Errno(Glibc.errno))
    }
    return unsafe .success(start)
  }

  func unmap(_ start: UnsafeMutableRawPointer, length: Int) {
    _ = unsafe vp_converting_munmap(start, length)
  }
}
