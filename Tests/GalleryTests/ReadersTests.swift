import Foundation
import Synchronization
import Testing

@testable import Gallery

struct ReadersTests {
  @Test(
    "Those who match meanwhile see the one set or the other, never both", .timeLimit(.minutes(2)))
  func replaced() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    let sets = try (0..<2).map { set in
      try (0..<600).map { try entry("\(set) \($0 % 30)", UInt64(set * 1000 + $0)) }
    }
    let hashes = sets.map { ContentHash.of($0) }
    try gallery.transaction { edit throws(GalleryError) in
      try edit.replace(with: sets[0], version: 1)
    }
    let queries = sets.flatMap { $0.prefix(3) }.map(\.encoding)
    let isOver = Atomic(false)
    let counts = Mutex((asked: 0, wrong: 0, seen: Set<Digest>()))
    let readers = (0..<3).map { _ in
      let thread = Thread {
        while !isOver.load(ordering: .relaxed) {
          let snapshot = gallery.loadedSnapshot
          let identities = snapshot?.match(queries, model: model) ?? []
          let names = Set(identities.compactMap { $0.nearest?.name.text.prefix(1) })
          let exact = identities.count { $0.distance == 0 }
          counts.withLock {
            $0.asked += 1
            if names.count != 1 || exact != 3 { $0.wrong += 1 }
            if let snapshot { $0.seen.insert(snapshot.hash) }
          }
        }
      }
      thread.start()
      return thread
    }
    for version in 2..<UInt64(12) {
      try gallery.transaction { edit throws(GalleryError) in
        try edit.replace(with: sets[Int(version % 2)], version: version)
      }
      #expect(try gallery.snapshot().hash == hashes[Int(version % 2)])
    }
    isOver.store(true, ordering: .relaxed)
    while readers.contains(where: { !$0.isFinished }) { Thread.sleep(forTimeInterval: 0.01) }
    counts.withLock {
      #expect($0.asked > 10 && $0.wrong == 0)
      #expect($0.seen == Set(hashes))
    }
  }

  @Test("Two that write at once wait for each other, and nothing is lost", .timeLimit(.minutes(2)))
  func writers() throws {
    let scratch = Scratch()
    let galleries = [try Gallery(scratch.file), try Gallery(scratch.file)]
    let failures = Mutex<[String]>([])
    let threads = (0..<4).map { number in
      let thread = Thread {
        for step in 0..<25 {
          do {
            try galleries[number % 2].add([try entry("\(number)", UInt64(number * 100 + step))])
          } catch { failures.withLock { $0.append("\(error)") } }
        }
      }
      thread.start()
      return thread
    }
    while threads.contains(where: { !$0.isFinished }) { Thread.sleep(forTimeInterval: 0.01) }
    #expect(failures.withLock { $0 } == [])
    let entries = try (0..<4).flatMap { number in
      try (0..<25).map { try entry("\(number)", UInt64(number * 100 + $0)) }
    }
    let snapshot = try Gallery(scratch.file).snapshot()
    #expect(snapshot.version == 100 && snapshot.hash == ContentHash.of(entries))
    for gallery in galleries {
      _ = try gallery.refresh()
      #expect(try gallery.snapshot().hash == snapshot.hash)
    }
  }
}
