import Delivery
import Settings
import Spool

extension SpoolUse {
  /// Telemetry may take so much of the spool: the quota divided by this.
  private static let metricsShare = 16

  init(_ settings: SpoolSettings) {
    var store = SpoolOptions()
    store.segmentBytes = UInt64(settings.segment)
    store.quotaBytes = UInt64(settings.quota)
    if let quota = settings.framesQuota { store.classQuotaBytes[.frames] = UInt64(quota) }
    store.classQuotaBytes[.copies] = UInt64(settings.copiesQuota)
    store.classQuotaBytes[.metrics] = UInt64(settings.quota / Self.metricsShare)
    if let age = settings.framesAgeMax {
      for spoolClass in SpoolClass.heldInMemory { store.ageMax[spoolClass] = age }
    }
    if let age = settings.eventsAgeMax {
      for spoolClass in SpoolClass.writtenAhead { store.ageMax[spoolClass] = age }
    }
    store.isThinning = settings.thin
    store.deadBytes = UInt64(settings.deadQuota)
    store.keyFile = settings.keyFile
    store.isNewestFirst = settings.order == .newest
    self.init(folder: settings.folder, store: store)
    commitInterval = settings.commitInterval
    replayRate = Double(settings.replayRate)
    replayJitter = settings.replayJitter
    retryInterval = settings.retryInterval
  }
}
