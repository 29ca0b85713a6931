import CV4L2

/// What a driver tells besides frames.
extension Device {
  private static let eventsMax = 64

  /// Asks to be told when the source is another, by size or signal.
  /// - Returns: false where the driver does not tell.
  func subscribeToSourceChanges() -> Bool {
    var subscription = v4l2_event_subscription()
    subscription.type = VP_EVENT_SOURCE_CHANGE
    return control(VP_SUBSCRIBE_EVENT, &subscription) == 0
  }

  /// Takes what the driver has told.
  func sourceHasChanged() -> Bool {
    var hasChanged = false
    for _ in 0..<Self.eventsMax {
      var event = v4l2_event()
      guard control(VP_DQEVENT, &event) == 0 else { break }
      if event.type == VP_EVENT_SOURCE_CHANGE { hasChanged = true }
    }
    return hasChanged
  }
}
