import Meters

extension BoxPicture {
  /// All of it for Prometheus. docs/metrics.md tells what each means.
  package var metrics: String {
    var text = PrometheusText()
    text.family(
      "vedette_info", .gauge, "The agent that answers; always 1.",
      [([("node", node), ("version", version)], 1)])
    text.family(
      "vedette_health", .gauge, "How the box is: 0 well, 1 warning, 2 critical.",
      Double(health.rawValue))
    text.family("vedette_uptime_seconds", .gauge, "Since the agent began.", uptime)
    let raised = Dictionary(grouping: alarms, by: \.kind)
    text.family(
      "vedette_alarms", .gauge, "Alarms that are raised, by kind.",
      AlarmKind.allCases.map { ([("alarm", $0.rawValue)], Double(raised[$0]?.count ?? 0)) })
    write(cameras, to: &text)
    write(delivery, to: &text)
    if let spool { write(spool, to: &text) }
    if let analysis { write(analysis, to: &text) }
    if let gallery {
      text.family(
        "vedette_gallery_version", .gauge, "Grows with every change of the gallery.",
        Double(gallery.version))
      text.family(
        "vedette_gallery_info", .gauge, "The gallery's hash; always 1.",
        [([("hash", gallery.hash)], 1)])
      text.family(
        "vedette_gallery_people", .gauge, "People in the gallery.", Double(gallery.people))
      text.family(
        "vedette_gallery_encodings", .gauge, "Encodings in the gallery.",
        Double(gallery.encodings))
    }
    if let control {
      text.family(
        "vedette_control_reader_restarts_total", .counter,
        "How often the process that reads the control topic ended by itself.",
        Double(control.readerDeaths))
      text.family(
        "vedette_control_skipped_total", .counter,
        "Batches of the control topic that were skipped, because they kill whatever reads them.",
        Double(control.skips))
    }
    write(system, to: &text)
    return text.text
  }

  private func write(_ cameras: [CameraView], to text: inout PrometheusText) {
    func each(_ value: (CameraView) -> Double?) -> [([(String, String)], Double?)] {
      cameras.map { ([("camera", $0.name)], value($0)) }
    }
    text.family(
      "vedette_camera_up", .gauge, "1 while the camera streams.",
      each { $0.state == .streaming ? 1 : 0 })
    text.family(
      "vedette_camera_state", .gauge, "The camera's state, as a label; always 1.",
      cameras.map { ([("camera", $0.name), ("state", $0.state.rawValue)], 1) })
    text.family(
      "vedette_camera_requested_fps", .gauge, "Frames per second that were asked of the camera.",
      each { $0.asked.flatMap { $0.rate > 0 ? $0.rate : nil } })
    text.family(
      "vedette_camera_negotiated_fps", .gauge, "Frames per second that the camera promised.",
      each { $0.negotiated.flatMap { $0.rate > 0 ? $0.rate : nil } })
    text.family(
      "vedette_camera_measured_fps", .gauge, "Frames per second over the last seconds.",
      each { $0.measuredRate })
    text.family(
      "vedette_camera_last_frame_age_seconds", .gauge, "Age of the last good frame.",
      each { $0.lastFrameAge })
    text.family(
      "vedette_camera_lost_ratio", .gauge,
      "Of the frames of the last half minute that were to get through, those that are lost, by the driver too: 0 to 1.",
      each { $0.outcome.share })
    text.family(
      "vedette_frames_captured_total", .counter, "Frames that were captured.",
      each { Double($0.counts.captured) })
    text.family(
      "vedette_frames_delivered_total", .counter, "Frames that a broker acknowledged.",
      each { Double($0.counts.delivered) })
    text.family(
      "vedette_frames_dead_total", .counter, "Frames that no broker will ever take.",
      each { Double($0.counts.dead) })
    text.family(
      "vedette_frames_dropped_total", .counter, "Frames that were given up, by reason.",
      cameras.flatMap { camera in
        DropReason.allCases.map { reason in
          (
            [("camera", camera.name), ("reason", reason.rawValue)],
            Double(camera.counts.dropped(reason))
          )
        }
      })
    text.family(
      "vedette_frames_waiting", .gauge,
      "Frames that wait, by place: pipeline, memory, flight, spool.",
      cameras.flatMap { camera -> [([(String, String)], Double?)] in
        let counts = camera.counts
        return [
          ("pipeline", counts.inPipeline), ("memory", counts.inMemory), ("flight", counts.inFlight),
          ("spool", counts.spooled),
        ]
        .map { ([("camera", camera.name), ("place", $0)], Double($1)) }
      })
    text.family(
      "vedette_camera_lost_by_driver_total", .counter,
      "Frames that the driver lost before the agent had them.", each { Double($0.lostByDriver) })
    text.family(
      "vedette_camera_flagged_by_driver_total", .counter,
      "Buffers that the driver flagged as in error.", each { Double($0.flaggedByDriver) })
    text.family(
      "vedette_camera_repaired_total", .counter,
      "JPEGs of the camera that were cut to what belongs to them, or given tables that they lacked.",
      each { Double($0.repaired) })
    text.family(
      "vedette_camera_reopened_total", .counter, "How often the camera was opened again.",
      each { Double($0.reopened) })
    text.summary(
      "vedette_frame_latency_seconds", "Capture to acknowledgement.",
      cameras.map { ([("camera", $0.name)], $0.latency) })
    text.summary(
      "vedette_frame_encode_seconds", "From the driver's buffer to a JPEG.",
      cameras.map { ([("camera", $0.name)], $0.encode) })
  }

  private func write(_ delivery: DeliveryView, to text: inout PrometheusText) {
    text.family(
      "vedette_delivery_outage", .gauge, "1 while no broker acknowledges.",
      delivery.outage == nil ? 0 : 1)
    text.family(
      "vedette_delivery_outage_seconds", .gauge, "For how long no broker has acknowledged.",
      delivery.outage ?? 0)
    text.family(
      "vedette_delivery_waiting_records", .gauge, "Records that wait in memory.",
      Double(delivery.waiting))
    text.family(
      "vedette_delivery_inflight_records", .gauge, "Records that were sent and not acknowledged.",
      Double(delivery.inFlight))
    text.family(
      "vedette_delivery_memory_bytes", .gauge, "Records in memory, wherever they are on their way.",
      Double(delivery.bytes))
    text.family(
      "vedette_delivery_memory_limit_bytes", .gauge, "The most that may be in memory.",
      Double(delivery.bytesMax))
  }

  private func write(_ spool: SpoolView, to text: inout PrometheusText) {
    text.family(
      "vedette_spool_usable", .gauge, "1 while the spool can be used.", spool.fault == nil ? 1 : 0)
    text.family(
      "vedette_spool_bytes", .gauge, "On disk; files go when all in them is done with.",
      Double(spool.bytes))
    text.family("vedette_spool_quota_bytes", .gauge, "The most on disk.", Double(spool.quota))
    text.family("vedette_spool_records", .gauge, "Records that wait.", Double(spool.records))
    text.family(
      "vedette_spool_waiting_bytes", .gauge, "What the records that wait come to, uncompressed.",
      Double(spool.waitingBytes))
    text.family(
      "vedette_spool_dead_records", .gauge, "Records kept that no broker will take.",
      Double(spool.deadRecords))
    text.family(
      "vedette_spool_oldest_age_seconds", .gauge, "Age of the oldest record.", spool.oldestAge)
    text.family(
      "vedette_spool_replay_bytes_per_second", .gauge, "How fast the spool empties.",
      spool.replayRate ?? 0)
    text.family(
      "vedette_spool_fill_bytes_per_second", .gauge, "How fast the spool fills.",
      spool.fillRate ?? 0)
    text.family(
      "vedette_spool_lost_records_per_second", .gauge,
      "Records that make room for newer ones while the spool is full.", spool.lossRate)
  }

  private func write(_ analysis: AnalysisView, to text: inout PrometheusText) {
    func each(_ value: (AnalysisView.Camera) -> Int) -> [([(String, String)], Double?)] {
      analysis.cameras.map { ([("camera", $0.name)], Double(value($0))) }
    }
    text.family(
      "vedette_analysis_workers", .gauge, "Threads that look at pictures.",
      Double(analysis.workers))
    text.family(
      "vedette_analysis_pictures_total", .counter, "Pictures that were looked at.",
      each { $0.analysed })
    text.family(
      "vedette_analysis_skipped_total", .counter, "Pictures that gave way to newer ones.",
      each { $0.skipped })
    text.family(
      "vedette_analysis_failed_total", .counter, "Pictures that could not be looked at.",
      each { $0.failed })
    func eachAnalyser(
      _ value: (AnalysisView.Analyser) -> Double
    ) -> [([(String, String)], Double?)] {
      analysis.cameras.flatMap { camera in
        camera.analysers.map {
          ([("camera", camera.name), ("analyser", $0.name)], value($0))
        }
      }
    }
    text.family(
      "vedette_analysis_looks_total", .counter, "Pictures that the analyser looked at.",
      eachAnalyser { Double($0.pictures) })
    text.family(
      "vedette_analysis_failures_total", .counter,
      "Pictures that the analyser could not look at.", eachAnalyser { Double($0.failed) })
    text.family(
      "vedette_analysis_seconds_total", .counter,
      "What the analyser took on its worker; decoding counts for who first asks for it.",
      eachAnalyser(\.seconds))
    for (index, counter) in (analysis.cameras.first?.counters ?? []).enumerated() {
      text.family(
        "vedette_analysis_\(counter.name)_total", .counter, counter.help,
        each { $0.counters[index].value })
    }
    for tally in analysis.tallies {
      text.family(
        "vedette_\(tally.name)_total", .counter, tally.help,
        tally.values.map { ([(tally.label, $0.name)], Double($0.count)) })
    }
    text.summary(
      "vedette_analysis_seconds", "What a picture takes on its worker.",
      analysis.cameras.map { ([("camera", $0.name)], $0.time) })
    text.summary(
      "vedette_analysis_latency_seconds", "Capture to report.",
      analysis.cameras.map { ([("camera", $0.name)], $0.latency) })
  }

  private func write(_ system: SystemView, to text: inout PrometheusText) {
    text.family(
      "vedette_clock_synchronised", .gauge, "1 while the kernel's clock is kept by NTP.",
      system.isSynchronised.map { $0 ? 1 : 0 })
    text.family(
      "vedette_disk_free_bytes", .gauge, "Left for the agent on the spool's file system.",
      system.diskFree.map(Double.init))
    text.family(
      "vedette_disk_size_bytes", .gauge, "The size of the spool's file system.",
      system.diskSize.map(Double.init))
    text.family(
      "vedette_temperature_celsius", .gauge, "Of the hottest sensor.", system.temperature)
    text.family(
      "process_resident_memory_bytes", .gauge, "Memory of the agent.",
      Double(system.residentBytes))
    text.family(
      "process_cpu_seconds_total", .counter, "Processor time of the agent.",
      system.processorSeconds)
    text.family("process_open_fds", .gauge, "Open files of the agent.", Double(system.openFiles))
  }
}
