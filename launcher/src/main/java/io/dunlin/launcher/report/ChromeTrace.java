package io.dunlin.launcher.report;

import io.dunlin.collectives.flight.Flight;
import io.dunlin.collectives.flight.GroupFlight;
import io.dunlin.collectives.flight.OperationRecord;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Flight recordings of all ranks as one trace in Chrome's format, which Perfetto opens: a process for each rank, a track
 * for each group, a slice for each operation. All times are on the clock of rank 0.
 */
public final class ChromeTrace {
    /** Tracks that a group may need, because operations overlap. */
    private static final int LANES = 16;

    private final List<Flight> flights;
    private final long beginNs;

    /** A trace of what {@code flights} hold. */
    public ChromeTrace(List<Flight> flights) {
        this.flights = List.copyOf(flights);
        this.beginNs = flights.stream()
                .mapToLong(flight -> flight.clock().onReference(flight.clock().anchorNs()))
                .min()
                .orElse(0);
    }

    /** One event; what is not known is left out. */
    private record Event(String name, String ph, int pid, long tid, double ts, double dur, Map<String, Object> args) {
        Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("name", name);
            fields.put("ph", ph);
            fields.put("pid", pid);
            fields.put("tid", tid);
            fields.put("ts", ts);
            if (ph.equals("X")) {
                fields.put("dur", dur);
            } else if (ph.equals("i")) {
                fields.put("s", "p");
            }
            fields.put("args", args);
            return fields;
        }
    }

    /** Writes the trace; the number of slices. */
    public int write(Path file) throws IOException {
        int slices = 0;
        try (Writer out = Files.newBufferedWriter(file)) {
            out.write("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
            String separator = "";
            for (Flight flight : flights) {
                for (Event event : events(flight)) {
                    out.write(separator + JsonLine.write(event.fields()));
                    separator = ",\n";
                    slices += event.ph().equals("X") ? 1 : 0;
                }
            }
            out.write("\n]}\n");
        }
        return slices;
    }

    private List<Event> events(Flight flight) {
        List<Event> events = new ArrayList<>();
        int rank = flight.rank();
        events.add(name("process_name", rank, 0, processName(flight)));
        events.add(new Event("process_sort_index", "M", rank, 0, 0, 0, Map.of("sort_index", rank)));
        for (int group = 0; group < flight.groups().size(); group++) {
            events.addAll(new Tracks(flight, group).events());
        }
        return events;
    }

    private static Event name(String what, int rank, long track, String name) {
        return new Event(what, "M", rank, track, 0, 0, Map.of("name", name));
    }

    private static String processName(Flight flight) {
        Flight.Clock clock = flight.clock();
        String error = !clock.compared()
                ? ", clock not compared"
                : clock.errorNs() == 0 ? "" : String.format(Locale.ROOT, ", clock ± %.1f us", clock.errorNs() / 1e3);
        return String.format(
                Locale.ROOT,
                "rank %d (%s, pid %d%s)",
                flight.rank(),
                flight.identity().host(),
                flight.identity().pid(),
                error);
    }

    private double micros(Flight flight, long ns) {
        return (flight.clock().onReference(ns) - beginNs) / 1e3;
    }

    /** The tracks of one group of one rank: slices of a track may not overlap. */
    private final class Tracks {
        private final Flight flight;
        private final GroupFlight group;
        private final long firstTrack;
        private final long[] freeFromNs = new long[LANES];

        Tracks(Flight flight, int number) {
            this.flight = flight;
            this.group = flight.groups().get(number);
            this.firstTrack = 1 + (long) number * LANES;
        }

        List<Event> events() {
            List<Event> events = new ArrayList<>();
            for (OperationRecord one : group.operations()) {
                long endNs = one.underWay()
                        ? Math.max(group.aliveNs(), one.times().enterNs())
                        : one.times().doneNs();
                long track = track(one.times().enterNs(), endNs);
                events.add(slice(one, track, endNs));
                if (one.state() == OperationRecord.State.FAILED) {
                    events.add(instant(one.call().words() + " failed", track, endNs));
                }
            }
            if (!group.failure().isEmpty()) {
                events.add(instant(group.failure(), firstTrack, group.progressNs()));
            }
            for (int lane = 0; lane < LANES; lane++) {
                if (lane == 0 || freeFromNs[lane] != 0) {
                    String name = "group " + group.name() + (lane == 0 ? "" : " (" + (lane + 1) + ")");
                    events.add(name("thread_name", flight.rank(), firstTrack + lane, name));
                }
            }
            return events;
        }

        private long track(long fromNs, long toNs) {
            int lane = 0;
            while (lane < LANES - 1 && freeFromNs[lane] > fromNs) {
                lane++;
            }
            freeFromNs[lane] = toNs;
            return firstTrack + lane;
        }

        private Event slice(OperationRecord one, long track, long endNs) {
            OperationRecord.Traffic traffic = one.traffic();
            Map<String, Object> args = new LinkedHashMap<>();
            args.put("operation", one.number());
            args.put("iteration", one.iteration());
            args.put("state", one.state().name().toLowerCase(Locale.ROOT));
            args.put("bytes", one.call().lengthBytes());
            args.put("dtype", one.call().dtype().name());
            args.put("algorithm", one.call().algorithm());
            args.put("queued_us", (one.times().enterNs() - one.times().readyNs()) / 1e3);
            args.put("sent_bytes", traffic.sentBytes());
            args.put("received_bytes", traffic.receivedBytes());
            args.put("send_stall_us", traffic.sendStallNs() / 1e3);
            args.put("receive_stall_us", traffic.receiveStallNs() / 1e3);
            args.put("exposed_us", traffic.exposedNs() / 1e3);
            args.put("losses", traffic.losses());
            double from = micros(flight, one.times().enterNs());
            double to = micros(flight, endNs);
            return new Event(one.call().kind().label(), "X", flight.rank(), track, from, to - from, args);
        }

        private Event instant(String what, long track, long atNs) {
            return new Event(what, "i", flight.rank(), track, micros(flight, atNs), 0, Map.of());
        }
    }
}
