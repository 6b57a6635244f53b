package io.dunlin.device.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the stand-in worked on when, read from the trace of one process ({@link StandInEnvironment#trace}). The times are
 * of the stand-in and mean nothing about a GPU.
 */
public final class StandInTrace {
    private final List<Integer> devices;
    private final List<Span> spans;

    private StandInTrace(List<Integer> devices, List<Span> spans) {
        this.devices = devices;
        this.spans = spans;
    }

    /**
     * One piece of work.
     *
     * @param kind {@code h2d}, {@code d2h}, {@code d2d}, {@code fill} or {@code kernel}
     * @param name of the kernel
     */
    public record Span(String stream, String kind, String name, long startNs, long endNs) {}

    /** Reads lines of time, thread, "begin" or "end", stream, kind, rest; and of time, thread, "device", number. */
    public static StandInTrace read(Path file) throws IOException {
        List<Integer> devices = new ArrayList<>();
        List<Span> spans = new ArrayList<>();
        Map<String, Long> begun = new HashMap<>();
        for (String line : Files.readAllLines(file)) {
            String[] words = line.split(" ");
            if (words.length == 4 && words[2].equals("device")) {
                devices.add(Integer.parseInt(words[3]));
            }
            if (words.length < 6) {
                continue;
            }
            if (words[2].equals("begin")) {
                begun.put(words[3], Long.parseLong(words[0]));
            } else if (words[2].equals("end") && begun.containsKey(words[3])) {
                spans.add(new Span(words[3], words[4], words[5], begun.remove(words[3]), Long.parseLong(words[0])));
            }
        }
        return new StandInTrace(devices, spans);
    }

    /** The GPUs that were opened, in order. */
    public List<Integer> devices() {
        return List.copyOf(devices);
    }

    /** All pieces of work. */
    public List<Span> spans() {
        return List.copyOf(spans);
    }

    /** What was begun and ended between two times. */
    public StandInTrace between(long fromNs, long toNs) {
        return new StandInTrace(
                devices,
                spans.stream()
                        .filter(span -> span.startNs >= fromNs && span.endNs <= toNs)
                        .toList());
    }

    /** Time of all work of a kind. */
    public long totalNs(String kind) {
        return of(kind).stream().mapToLong(span -> span.endNs - span.startNs).sum();
    }

    /** How much of the time of one kind of work lies beside work of another kind. */
    public long sharedNs(String kind, String other) {
        long sharedNs = 0;
        for (Span span : of(kind)) {
            long doneNs = span.startNs;
            for (Span beside : of(other)) {
                long fromNs = Math.max(doneNs, beside.startNs);
                long toNs = Math.min(span.endNs, beside.endNs);
                if (toNs > fromNs) {
                    sharedNs += toNs - fromNs;
                    doneNs = toNs;
                }
            }
        }
        return sharedNs;
    }

    private List<Span> of(String kind) {
        return spans.stream()
                .filter(span -> span.kind.equals(kind))
                .sorted(java.util.Comparator.comparingLong(Span::startNs))
                .toList();
    }
}
