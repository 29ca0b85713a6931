import CPosix
import Glibc
package import Kafka
import Synchronization
package import Threads

/// Why a reader of the control topic is no more, though the agent did not end it.
package struct ReaderDeath: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Cause: Equatable, Sendable {
    case notStarted(errno: Int32)
    case signal(Int32)
    case exit(Int32)
    /// It has said nothing for too long.
    case silent
    /// It said what no reader says.
    case garbled
    /// It came upon what librdkafka cannot read.
    case unreadable(KafkaError)
    case unknown
  }

  package var cause: Cause

  package init(_ cause: Cause) { self.cause = cause }

  /// Whether somebody else may have ended it: the kernel where memory is short, or an operator.
  package var isFromOutside: Bool {
    switch cause {
    case .signal(SIGKILL), .signal(SIGTERM), .signal(SIGINT), .signal(SIGHUP), .notStarted,
      .unknown:
      true
    default: false
    }
  }

  /// The same without what differs each time.
  package var name: String {
    if case .unreadable(let error) = cause { error.name } else { description }
  }

  package var description: String {
    switch cause {
    case .notStarted(let code): "it could not be started: \(Self.words(code))"
    case .signal(let number):
      "it was ended by signal \(number) (\(unsafe String(cString: strsignal(number))))"
    case .exit(ReaderChild.Status.notConfined.rawValue):
      "its memory could not be limited (setrlimit)"
    case .exit(let status): "it ended with \(status)"
    case .silent: "it did not answer"
    case .garbled: "it said what cannot be understood"
    case .unreadable(let error): "\(error)"
    case .unknown: "it ended"
    }
  }

  private static func words(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
}

/// The program that is started to read the control topic.
package struct ReaderProgram: Sendable {
  package var path: String

  /// This program, though its file was replaced meanwhile.
  package static let itself = ReaderProgram(path: "/proc/self/exe")

  package init(path: String) { self.path = path }

  private static let name = "vedetted: control reader"
  /// What libraries need; secrets may be in the rest.
  private static let environmentNames: Set<String> = [
    "PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "RES_OPTIONS", "LOCALDOMAIN",
  ]
  private static let environmentPrefixes = ["LC_", "SSL_", "OPENSSL_", "KRB5"]
  /// A reader needs no threads of linear algebra, and takes no pictures of its crashes.
  private static let environment = ["OPENBLAS_NUM_THREADS=1", "SWIFT_BACKTRACE=enable=no"]

  /// - Returns: the process, and this side's end of the socket.
  func start() throws(ReaderDeath) -> (process: Int32, socket: Int32) {
    var pair: [Int32] = [-1, -1]
    guard unsafe vp_stream_pair(&pair) == 0 else { throw ReaderDeath(.notStarted(errno: errno)) }
    let process = Self.spawn(
      path, [Self.name, ReaderChild.word, String(getpid())], Self.inherited + Self.environment,
      pair[1])
    close(pair[1])
    guard process > 0 else {
      close(pair[0])
      throw ReaderDeath(.notStarted(errno: -process))
    }
    _ = fcntl(pair[0], F_SETFL, O_NONBLOCK)
    return (process, pair[0])
  }

  private static func spawn(
    _ path: String, _ words: [String], _ environment: [String], _ socket: Int32
  ) -> Int32 {
    let words = unsafe words.map { unsafe strdup($0) }
    let environment = unsafe environment.map { unsafe strdup($0) }
    defer { unsafe (words + environment).forEach { unsafe free($0) } }
    return unsafe vp_spawn(path, words + [nil], environment + [nil], socket)
  }

  private static var inherited: [String] {
    var kept: [String] = []
    var place = 0
    while let entry = unsafe vp_environment(place) {
      let text = unsafe String(cString: entry)
      let name = String(text.prefix { $0 != "=" })
      if environmentNames.contains(name) || environmentPrefixes.contains(where: name.hasPrefix) {
        kept.append(text)
      }
      place += 1
    }
    return kept
  }
}

/// Reads the control topic by way of a process of its own. It is made, used and ended on one thread, with which the
/// process ends too.
package final class RemoteConsumer {
  /// While an answer is due, so long nothing may come.
  package static let silenceNanosecondsMax: UInt64 = 20_000_000_000
  private static let chunkBytes = 64 << 10
  /// What its end is waited for, in steps of a millisecond.
  private static let endStepsMax = 1000
  private static let deathStepsMax = 500
  /// What an order may take to be written.
  private static let orderNanosecondsMax: UInt64 = 5_000_000_000
  /// Processes that were killed and had not ended yet.
  private static let leftovers = Mutex<[Int32]>([])

  package let process: Int32
  private let socket: Int32
  /// Set by whoever wants the thread.
  private let signal: EventSignal
  private let silenceMax: UInt64
  private var buffer: [UInt8] = []
  private var place = 0
  /// For how long nothing came though it was waited for, in nanoseconds.
  private var silence: UInt64 = 0
  private var isAnswerDue = true
  private var isEnded = false

  /// Starts the process, and tells it what to read.
  /// - Parameter signal: ends waiting, and is not reset.
  package init(
    _ program: ReaderProgram, _ settings: ReaderSettings, signal: EventSignal,
    silenceNanosecondsMax: UInt64 = RemoteConsumer.silenceNanosecondsMax
  ) throws(ReaderDeath) {
    Self.reapLeftovers()
    (process, socket) = try program.start()
    self.signal = signal
    silenceMax = silenceNanosecondsMax
    do throws(ReaderDeath) {
      try order(.open(settings))
    } catch {
      throw end(for: error)
    }
  }

  deinit { end() }

  /// Asks for the number of partitions, which comes as news.
  package func countPartitions() throws(ReaderDeath) {
    isAnswerDue = true
    do throws(ReaderDeath) {
      try order(.countPartitions)
    } catch {
      throw end(for: error)
    }
  }

  /// What the reader tells next; nil where nothing came in time, or the signal was set.
  /// - Throws: why there is no reader any more.
  package func next(milliseconds: Int32) throws(ReaderDeath) -> ReaderNews? {
    do throws(ReaderDeath) {
      let deadline = Clock.monotonic + UInt64(max(0, milliseconds)) * 1_000_000
      while true {
        if let news = try unpack() { return news }
        let before = Clock.monotonic
        guard before < deadline else { return nil }
        let isWoken = wait(milliseconds: (deadline - before + 999_999) / 1_000_000)
        if try receive() {
          silence = 0
          continue
        }
        silence += Clock.monotonic - before
        if isAnswerDue, silence > silenceMax { throw ReaderDeath(.silent) }
        if isWoken { return nil }
      }
    } catch {
      throw end(for: error)
    }
  }

  /// The next frame of what has come.
  private func unpack() throws(ReaderDeath) -> ReaderNews? {
    var scanner = FrameScanner(buffer[place...].prefix(4))
    guard let count: UInt32 = scanner.number() else { return nil }
    guard count <= ReaderFrame.bytesMax else { throw ReaderDeath(.garbled) }
    let start = place + 4
    guard buffer.count - start >= Int(count) else { return nil }
    guard let news = ReaderNews(buffer[start..<start + Int(count)]) else {
      throw ReaderDeath(.garbled)
    }
    place = start + Int(count)
    if place == buffer.count {
      buffer.removeAll(keepingCapacity: buffer.capacity <= Self.chunkBytes * 4)
      place = 0
    }
    switch news {
    case .opened, .refused, .partitions, .partitionsUnknown: isAnswerDue = false
    default: break
    }
    return news
  }

  /// - Returns: whether anything came.
  private func receive() throws(ReaderDeath) -> Bool {
    // What was taken makes room, so that no more than a frame and a chunk is held.
    if place > 0 {
      buffer.removeFirst(place)
      place = 0
    }
    var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
    let got = unsafe chunk.withUnsafeMutableBytes { room in
      unsafe recv(socket, room.baseAddress, room.count, 0)
    }
    if got > 0 {
      buffer += chunk[..<got]
      return true
    }
    if got < 0, errno == EAGAIN || errno == EINTR { return false }
    throw ReaderDeath(.unknown)
  }

  /// - Returns: whether the signal is set.
  private func wait(milliseconds: UInt64) -> Bool {
    var polled = (
      pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
      pollfd(fd: signal.descriptor, events: Int16(POLLIN), revents: 0)
    )
    unsafe withUnsafeMutableBytes(of: &polled) { bytes in
      let each = unsafe bytes.bindMemory(to: pollfd.self)
      _ = unsafe poll(each.baseAddress, 2, Int32(min(milliseconds, 60_000)))
    }
    return polled.1.revents != 0
  }

  private func order(_ order: ReaderOrder) throws(ReaderDeath) {
    let frame = order.frame
    guard frame.count <= ReaderFrame.bytesMax else { throw ReaderDeath(.notStarted(errno: E2BIG)) }
    let deadline = Clock.monotonic + Self.orderNanosecondsMax
    var sent = 0
    while sent < frame.count {
      let gone = unsafe frame.withUnsafeBytes { bytes in
        unsafe send(
          socket, bytes.baseAddress.map { unsafe $0 + sent }, frame.count - sent,
          Int32(MSG_NOSIGNAL))
      }
      if gone > 0 {
        sent += gone
        continue
      }
      if gone < 0, errno == EINTR { continue }
      guard gone < 0, errno == EAGAIN else { throw ReaderDeath(.unknown) }
      guard Clock.monotonic < deadline else { throw ReaderDeath(.silent) }
      var polled = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
      _ = unsafe poll(&polled, 1, 100)
    }
  }

  /// Ends the process. Returns within a second, whatever it is at.
  package func end() {
    guard !isEnded else { return }
    isEnded = true
    close(socket)
    kill(process, SIGKILL)
    guard Self.reap(process, steps: Self.endStepsMax) == nil else { return }
    Self.leftovers.withLock { $0.append(process) }
  }

  /// - Returns: the same, or what the system knows of it where the process has ended by itself.
  private func end(for death: ReaderDeath) -> ReaderDeath {
    guard !isEnded else { return death }
    // A process that dies closes its socket first.
    if death.cause == .unknown, let found = Self.reap(process, steps: Self.deathStepsMax) {
      isEnded = true
      close(socket)
      return found
    }
    end()
    return death
  }

  private static func reap(_ process: Int32, steps: Int) -> ReaderDeath? {
    for step in 0..<steps {
      var (signal, status) = (Int32(0), Int32(0))
      if unsafe vp_reap(process, &signal, &status) != 0 {
        return ReaderDeath(signal != 0 ? .signal(signal) : status >= 0 ? .exit(status) : .unknown)
      }
      if step + 1 < steps { usleep(1000) }
    }
    return nil
  }

  private static func reapLeftovers() {
    leftovers.withLock { left in left.removeAll { reap($0, steps: 1) != nil } }
  }
}
