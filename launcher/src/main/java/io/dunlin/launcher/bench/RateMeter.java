package io.dunlin.launcher.bench;

import io.dunlin.launcher.bench.DeviceBench.Row;
import io.dunlin.launcher.bench.DeviceBench.Table;
import io.dunlin.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/** Turns times into rates, and keeps them. */
final class RateMeter {
    private final Repeats repeats;
    private final DeviceBench.Listener listener;
    private final List<Row> rows = new ArrayList<>();
    private Table table = Table.PRODUCTS;

    RateMeter(Repeats repeats, DeviceBench.Listener listener) {
        this.repeats = repeats;
        this.listener = listener;
    }

    /** What is measured, for people. */
    record Subject(String name, String shape, String dtype) {
        static Subject of(String name, DType type, long... extents) {
            String shape = LongStream.of(extents)
                    .mapToObj(extent -> String.format(Locale.ROOT, "%,d", extent))
                    .collect(Collectors.joining(" x "));
            return new Subject(name, shape, type.name().toLowerCase(Locale.ROOT));
        }
    }

    /** What one call does: bytes or floating-point operations count. */
    record Work(long bytes, long flops) {
        static Work moving(long bytes) {
            return new Work(bytes, 0);
        }

        static Work computing(long flops) {
            return new Work(0, flops);
        }
    }

    /** Figures of this table follow. */
    void begin(Table next) {
        table = next;
        listener.begins(next);
    }

    /** Measures {@code submit}, whose work is done when {@code finish} returns. */
    void measure(Subject subject, Work work, Runnable submit, Runnable finish) {
        double ns = repeats.medianNs(submit, finish);
        Row row = new Row(
                table,
                subject.name(),
                subject.shape(),
                subject.dtype(),
                ns / 1e3,
                work.bytes() / ns * 1e9,
                work.flops() / ns * 1e9);
        rows.add(row);
        listener.measured(row);
    }

    List<Row> rows() {
        return List.copyOf(rows);
    }
}
