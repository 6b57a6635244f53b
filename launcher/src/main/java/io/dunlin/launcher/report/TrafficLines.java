package io.dunlin.launcher.report;

import io.dunlin.collectives.Topology;
import io.dunlin.launcher.job.Job;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** What was sent, beside what was planned. */
public final class TrafficLines {
    private static final String WHAT_COUNTS =
            "counted with headers and agreement, without what ranks read in place in shared memory";
    private static final String MORE = "; run.deterministic sends more";

    private final Style style;
    private final String remark;

    TrafficLines(Style style, Job job) {
        this.style = style;
        this.remark = WHAT_COUNTS + (job.run().deterministic() ? MORE : "");
    }

    /** The links of a level, for people. */
    public static String name(Topology.Scale level) {
        return switch (level) {
            case PACKAGE -> "inside packages";
            case HOST -> "inside hosts";
            case CLUSTER -> "between hosts";
        };
    }

    /** Both, number below number, and what they are of. */
    List<String> lines(Report.Sent sent) {
        return List.of(
                line("planned", sent, Report.LevelBytes::planned) + style.faint(what(sent)),
                line("counted", sent, Report.LevelBytes::counted),
                style.faint("%-10s %s".formatted("", remark)));
    }

    private static String what(Report.Sent sent) {
        boolean hosts = sent.levels().stream().anyMatch(level -> level.level() == Topology.Scale.CLUSTER);
        return hosts ? " (tensors alone, once into each host)" : " (tensors alone)";
    }

    private static String line(String title, Report.Sent sent, ToLongFunction<Report.LevelBytes> bytes) {
        String levels = sent.levels().stream()
                .map(level -> "%s %s".formatted(name(level.level()), cell(level, bytes)))
                .collect(Collectors.joining(", "));
        return "%-10s a step: %s".formatted(title, levels);
    }

    private static String cell(Report.LevelBytes level, ToLongFunction<Report.LevelBytes> bytes) {
        int width = Math.max(
                Readable.bytes(level.planned()).length(),
                Readable.bytes(level.counted()).length());
        return String.format(Locale.ROOT, "%" + width + "s", Readable.bytes(bytes.applyAsLong(level)));
    }
}
