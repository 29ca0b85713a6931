import Frames

/// A camera's faces so far, under the lock of its `FaceCamera`, which alone has it.
struct FaceHistory: @unchecked Sendable {
  /// Tracks that were lost and may be found again, at most.
  static let lostMax = 32
  /// Searches after which a lost track is forgotten.
  static let lostSearchesMax = 10
  /// Encodings nearer than this are of the face that was lost.
  static let sameFaceMax = 0.45
  /// Overlap (intersection over union) from which a box that was found is the one that was followed.
  static let overlapMin = 0.3

  private var gate = LumaGate()
  private var tracks: [FaceTrack] = []
  private var lost: [FaceTrack] = []
  private var nextID = 1
  private var size: FrameSize?
  private var settings: FaceSettings?
  private var searchIsDueIn = 0
  private var lastWasSearch = false
  /// Faces that the last search found, and whether it only made sure of the one before.
  private var lastCount = -1
  private var lastWasRepeated = false

  func vote(
    _ name: String?, forTrack id: Int, weight: Double
  ) -> (name: String?, share: Double)? {
    guard let track = tracks.first(where: { $0.id == id }) else { return nil }
    track.vote.add(name, weight: weight)
    return track.vote.winner
  }

  func name(ofTrack id: Int) -> (name: String?, share: Double)? {
    tracks.first { $0.id == id }?.vote.winner
  }

  func forgetNames() {
    for track in tracks + lost { track.vote = NameVote() }
  }

  mutating func step(
    _ luma: RawSpan, _ layout: PixelLayout, _ engine: FaceEngine, _ settings: FaceSettings,
    _ colour: (FaceBox) throws(FacesError) -> FacePatch?
  ) throws(FacesError) -> FaceAnalysis {
    let options = settings.tracking
    if size != layout.size || self.settings != settings {
      // Boxes of another size, or found by other rules, say nothing of this picture.
      if size != layout.size { tracks = [] }
      searchIsDueIn = 0
      lastWasSearch = false
      size = layout.size
      self.settings = settings
    }
    let change = gate.change(in: luma, layout, levelMin: max(1, options.levelMin))
    let isStill = options.levelMin > 0 && change == 0
    // Where nothing has changed since a search that found every face, another finds the same.
    let isDone = lastWasSearch && tracks.allSatisfy { $0.misses == 0 }
    if isStill, isDone || searchIsDueIn > 1 {
      if !isDone { searchIsDueIn -= 1 }
      return FaceAnalysis(work: .unchanged, faces: tracks.map(\.asFace))
    }
    gate.keep()
    searchIsDueIn -= 1
    if searchIsDueIn > 0, change < options.sceneChangeMin {
      lastWasSearch = false
      try follow(luma, layout, options)
      return FaceAnalysis(work: .tracked, faces: tracks.map(\.asFace))
    }
    lastWasSearch = true
    let analysis = try search(luma, layout, engine, settings, colour)
    // A face that came, or that the search missed, is looked for again at once, one time.
    let count = analysis.faces.count { !$0.isFollowed }
    let isSure = count == lastCount || lastWasRepeated
    lastWasRepeated = !isSure
    lastCount = count
    searchIsDueIn = isSure ? max(1, options.detectEvery) : 1
    return analysis
  }

  private mutating func follow(
    _ luma: RawSpan, _ layout: PixelLayout, _ options: TrackingOptions
  ) throws(FacesError) {
    var kept: [FaceTrack] = []
    for track in tracks {
      if try track.follow(in: luma, layout, options) { kept.append(track) } else { lose(track) }
    }
    tracks = kept
  }

  private mutating func search(
    _ luma: RawSpan, _ layout: PixelLayout, _ engine: FaceEngine, _ settings: FaceSettings,
    _ colour: (FaceBox) throws(FacesError) -> FacePatch?
  ) throws(FacesError) -> FaceAnalysis {
    var faces = try engine.search(luma, layout, settings, colour)
    let options = settings.tracking
    var owners = match(faces)
    var unmatched = tracks.filter { track in !owners.contains { $0 === track } }
    var current: [FaceTrack] = []
    for index in faces.indices {
      var owner = owners[index]
      owner?.searches += 1
      let isDue = owner?.isDue(options) ?? true
      try engine.describe(
        &faces[index], luma, layout, settings, encodes: settings.encodes && isDue, colour)
      if owner == nil { owner = revive(faces[index], from: &unmatched) }
      let track = owner ?? FaceTrack(id: nextID, box: faces[index].box, score: faces[index].score)
      if owner == nil {
        nextID += 1
        track.searches = 1
      }
      owners[index] = track
      track.box = faces[index].box
      track.score = faces[index].score
      track.misses = 0
      track.encoding = faces[index].encoding ?? track.encoding
      faces[index].track = track.id
      if options.detectEvery > 1 { try track.startFollowing(in: luma, layout) }
      current.append(track)
    }
    // The detector misses a face now and then, which the tracker still sees.
    for track in unmatched {
      track.misses += 1
      if track.misses <= options.missesMax, try track.follow(in: luma, layout, options),
        !current.contains(where: { $0.box.overlap(track.box) > Self.overlapMin })
      {
        current.append(track)
        faces.append(track.asFace)
      } else {
        lose(track)
      }
    }
    for track in lost { track.misses += 1 }
    lost.removeAll { $0.misses > Self.lostSearchesMax }
    tracks = current
    return FaceAnalysis(work: .detected, faces: faces)
  }

  /// The track of each face, the pairs that overlap most first.
  private func match(_ faces: [AnalysedFace]) -> [FaceTrack?] {
    var pairs: [(overlap: Double, face: Int, track: Int)] = []
    for face in faces.indices {
      for track in tracks.indices {
        let overlap = faces[face].box.overlap(tracks[track].box)
        if overlap >= Self.overlapMin { pairs.append((overlap, face, track)) }
      }
    }
    pairs.sort { ($0.overlap, $1.face, $1.track) > ($1.overlap, $0.face, $0.track) }
    var owners = [FaceTrack?](repeating: nil, count: faces.count)
    var taken = Set<Int>()
    for pair in pairs where owners[pair.face] == nil && !taken.contains(pair.track) {
      owners[pair.face] = tracks[pair.track]
      taken.insert(pair.track)
    }
    return owners
  }

  /// The track that a new face is known to belong to by its encoding: one that was lost, or that is somewhere else.
  private mutating func revive(_ face: AnalysedFace, from unmatched: inout [FaceTrack])
    -> FaceTrack?
  {
    guard let encoding = face.encoding else { return nil }
    let near = (unmatched + lost).compactMap { track in
      track.encoding.map { (track, euclideanDistance($0, encoding)) }
    }.filter { $0.1 < Self.sameFaceMax }
    guard let best = near.min(by: { $0.1 < $1.1 })?.0 else { return nil }
    unmatched.removeAll { $0 === best }
    lost.removeAll { $0 === best }
    return best
  }

  private mutating func lose(_ track: FaceTrack) {
    track.misses = 0
    track.tracker = nil
    guard track.encoding != nil else { return }
    lost.append(track)
    if lost.count > Self.lostMax { lost.removeFirst() }
  }
}
