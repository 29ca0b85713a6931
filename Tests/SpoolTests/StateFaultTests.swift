import Foundation
import Synchronization
import Testing

@testable import Spool

/// The disk refuses the state, not the segments: a full disk, a quota, a disk that went read-only, one that fails.
@Suite struct StateFaultTests {
  /// Refuses calls on files of this name while it is told to.
  private final class Refusing: Sendable {
    private struct Order {
      var call: DiskFaults.Call
      var code: Int32
      var file: String
    }

    private let order = Mutex<Order?>(nil)

    func refuse(_ call: DiskFaults.Call, _ code: Int32, _ file: String) {
      order.withLock { $0 = Order(call: call, code: code, file: file) }
    }

    func heal() { order.withLock { $0 = nil } }

    func options(_ options: SpoolOptions) -> SpoolOptions {
      var options = options
      options.faults = DiskFaults { [self] call, path in
        order.withLock { order in
          guard let order, order.call == call, path.hasSuffix(order.file) else { return nil }
          return order.code
        }
      }
      return options
    }
  }

  private func copied(_ scratch: Scratch) throws -> Scratch {
    let copy = Scratch()
    try FileManager.default.removeItem(atPath: copy.path)
    try FileManager.default.copyItem(atPath: scratch.path, toPath: copy.path)
    return copy
  }

  @Test(arguments: [ENOSPC, EDQUOT, EROFS, EIO], [DiskFaults.Call.write, .sync])
  func `Nothing is lost, nothing comes twice, and the sentence says why`(
    code: Int32, call: DiskFaults.Call
  ) throws {
    let scratch = Scratch()
    let disk = Refusing()
    let store = try Store(folder: scratch.path, options: disk.options(smallSegments()))
    try store.put(1...30)
    var handed: [StoredEntry] = []
    for _ in 0..<25 { handed.append(try #require(try store.next(.frames))) }
    disk.refuse(call, code, "/frames/state")
    var errors: [SpoolError] = []
    var returned: [SpoolEntry] = []
    for number in UInt64(31)...80 {
      do {
        try store.append(entry(number), to: .frames)
        if number % 7 == 0 { try store.commit(.frames) }
      } catch {
        errors.append(error.error)
        returned += error.entries
      }
    }
    do {
      try store.commit(.frames)
    } catch {
      errors.append(error.error)
      returned += error.entries
    }
    // What comes back while segments cannot be deleted is done with all the same.
    for stored in handed {
      do { try store.done(stored.position, in: .frames) } catch { errors.append(error) }
    }
    do { try store.keep() } catch { errors.append(error) }
    #expect(throws: SpoolError.self) { try store.probe() }
    #expect(!errors.isEmpty)
    let reason = unsafe String(cString: strerror(code))
    for error in errors {
      #expect(error.code == .disk && error.errno == code)
      #expect(error.description.contains("/frames/state") && error.description.contains(reason))
    }
    // A kill now takes nothing that was committed.
    let copy = try copied(scratch)
    let killed = try Store(folder: copy.path, options: smallSegments())
    let kept = try killed.drain(.frames).map(\.sequence)
    #expect(kept == kept.sorted() && Set(kept).isSuperset(of: 26...30), "\(kept)")
    #expect(Set(kept + returned.map(\.sequence)).isSuperset(of: 26...80))
    #expect(killed.takeNews().losses.isEmpty)

    disk.heal()
    try store.probe()
    for entry in returned { try store.append(entry, to: .frames) }
    try store.commit(.frames)
    #expect(store.picture.records == 55)
    #expect(try store.drain(.frames).map(\.sequence).sorted() == Array(26...80))
    #expect(store.backlog(.frames).isEmpty && store.takeNews().losses.isEmpty)
    try store.close()
    #expect(scratch.files(".seg").isEmpty && scratch.files(".open").isEmpty)
    let next = try Store(folder: scratch.path)
    #expect(try next.drain(.frames).isEmpty && next.takeNews().losses.isEmpty)
  }

  @Test(arguments: [ENOSPC, EROFS])
  func `A store that cannot write its state at the start is opened later, whole`(code: Int32) throws
  {
    let scratch = Scratch()
    let disk = Refusing()
    do {
      let store = try Store(folder: scratch.path, options: disk.options(smallSegments()))
      try store.put(1...30)
    }
    disk.refuse(.write, code, "/frames/state")
    for _ in 0..<3 {
      let error = #expect(throws: SpoolError.self) {
        _ = try Store(folder: scratch.path, options: disk.options(smallSegments()))
      }
      #expect(error?.errno == code)
    }
    disk.heal()
    let store = try Store(folder: scratch.path, options: disk.options(smallSegments()))
    #expect(store.takeNews().losses.isEmpty)
    #expect(try store.drain(.frames).map(\.sequence) == Array(1...30))
  }

  @Test(arguments: [("/frames/state", DiskFaults.Call.write), (".thin", .rename)])
  func `Frames that are thinned out are told once, however often the disk refuses`(
    file: String, call: DiskFaults.Call
  ) throws {
    let scratch = Scratch()
    let disk = Refusing()
    var options = smallSegments(16 << 10)
    options.quotaBytes = 75_000
    options.isThinning = true
    let store = try Store(folder: scratch.path, options: disk.options(options))
    try store.put(1...300)
    var losses: [SpoolLoss] = []
    disk.refuse(call, EIO, file)
    for _ in 0..<3 {
      #expect(throws: SpoolError.self) { try store.makeRoom { losses += $0 } }
    }
    disk.heal()
    try store.probe()
    try store.makeRoom { losses += $0 }
    let left = try store.drain(.frames)
    #expect(losses.reduce(0) { $0 + $1.count } + left.count == 300)
    #expect(store.takeNews().losses.isEmpty)
  }

  @Test(arguments: [ENOSPC, EIO]) func `One class that cannot be closed keeps no other open`(
    code: Int32
  ) throws {
    for refused in SpoolClass.allCases {
      let scratch = Scratch()
      let disk = Refusing()
      let store = try Store(folder: scratch.path, options: disk.options(smallSegments()))
      for spoolClass in SpoolClass.allCases { try store.put(1...3, spoolClass) }
      try store.leaveNote([1, 2, 3])
      disk.refuse(.write, code, "/\(refused.name)/state")
      let failure = #expect(throws: SpoolFailure.self) { try store.close() }
      #expect(failure?.error.errno == code)
      for spoolClass in SpoolClass.allCases where spoolClass != refused {
        let state = try StateFile.peek("\(scratch.path)/\(spoolClass.name)/state")
        #expect(state?.active == nil && state?.untouchedTable.count == 3, "\(spoolClass)")
      }
      disk.heal()
      let next = try Store(folder: scratch.path, options: disk.options(smallSegments()))
      #expect(next.leftNote.isEmpty)
      for spoolClass in SpoolClass.allCases {
        #expect(try next.drain(spoolClass).map(\.sequence) == [1, 2, 3])
      }
      #expect(next.takeNews().losses.isEmpty)
    }
  }
}
