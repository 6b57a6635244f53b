package io.dunlin.launcher.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.launcher.place.HostMemory;
import io.dunlin.launcher.place.Installation;
import io.dunlin.tensor.DType;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * Operations between ranks by size, as nccl-tests measures them: median and 99th percentile of the time until the last member
 * is done, algorithm and bus bandwidth, and, if asked for, every element of every result compared with what it must be.
 */
public final class CollectivesBench {
    /** More than that are not needed for a 99th percentile. */
    static final int MOST_ITERATIONS = 20_000;

    private static final int FEWEST_ITERATIONS = 5;
    /** One that takes a few trips, and one that is cut into pieces. */
    private static final List<Long> WARM_UP_BYTES = List.of(64L << 10, 1L << 20);

    private static final int MOST_WARM_UPS = 200_000;
    private static final long FIRST_LOOK_BYTES = 8 << 20;
    private static final int FIRST_LOOK_MOST = 500;
    private static final int FIRST_LOOK_FEWEST = 3;
    private static final int CHECKS = 2;
    private static final int COPIES = 7;
    private static final long ALL_COPIES_BYTES = 1L << 30;

    /** From here on the speed of memory bounds a transport inside a host, and not the way to another core. */
    private static final long LARGE_BYTES = 1 << 20;

    private final Crew crew;
    private final Options options;
    private double copyBytesPerSecond;

    private CollectivesBench(Crew crew, Options options) {
        this.crew = crew;
        this.options = options;
    }

    /**
     * What is measured.
     *
     * @param operations in this order
     * @param ranks how many
     * @param transport that connects them
     * @param algorithm by which they are done
     * @param dtype of elements
     * @param sizes which
     * @param effort how long
     * @param checking whether results are compared with what they must be
     */
    public record Options(
            List<CollectiveOp> operations,
            int ranks,
            BenchTransport transport,
            BenchAlgorithm algorithm,
            DType dtype,
            Sizes sizes,
            Effort effort,
            Checking checking) {
        /** Copies the list. */
        public Options {
            operations = List.copyOf(operations);
        }

        /** The ways in which an operation can be done between these ranks, with these elements. */
        public List<Way> ways(CollectiveOp op) {
            return Arrays.stream(Way.values())
                    .filter(way -> way.isFor(transport.media(), Topology.oneHost(ranks))
                            && way.does(op.kind(), dtype, ReduceOp.SUM))
                    .toList();
        }

        /** Some of these operations, all in one way. */
        Options forced(BenchAlgorithm algorithm, List<CollectiveOp> some) {
            return new Options(some, ranks, transport, algorithm, dtype, sizes, effort, checking);
        }
    }

    /** Whether results are looked at. */
    public enum Checking {
        NONE,
        EVERY_ELEMENT
    }

    /** Bytes from {@code min} to {@code max}, each {@code factor} times the one before. */
    public record Sizes(long min, long max, int factor) {
        List<Long> all() {
            List<Long> all = new ArrayList<>(List.of(min));
            while (all.getLast() <= max / factor) {
                all.add(all.getLast() * factor);
            }
            return all;
        }
    }

    /**
     * How long a measurement may take.
     *
     * @param secondsPerSize about
     * @param warmUp calls of each operation, at least, before its first size; they go on for as long as one size takes
     * @param copyBytes the most that each member copies to find the speed of memory
     */
    public record Effort(double secondsPerSize, int warmUp, long copyBytes) {
        /** What figures are made with: warm code, and copies that no cache holds. */
        public static Effort thorough(double secondsPerSize) {
            return new Effort(secondsPerSize, 2000, 256L << 20);
        }

        /** What algorithms are compared with: warm code, and no interest in the speed of memory. */
        public static Effort comparing(double secondsPerSize) {
            return new Effort(secondsPerSize, 2000, 1 << 20);
        }
    }

    /**
     * One operation at one size.
     *
     * @param op for example {@code all-reduce}
     * @param bytes as the operation counts them
     * @param count elements, as nccl-tests counts them
     * @param dtype of elements
     * @param inPlace whether results are where contributions were
     * @param p50Us microseconds, the median
     * @param p99Us microseconds that one call in a hundred exceeds
     * @param algbw bytes by the median time
     * @param busbw what of it crosses each member's link
     * @param wrong elements; nothing if nobody looked
     * @param ofCopy bus bandwidth by the speed at which each member copies memory while all do; nothing where that is no bound
     * @param iterations that were timed
     */
    public record Row(
            String op,
            long bytes,
            long count,
            String dtype,
            @JsonProperty("in_place") boolean inPlace,
            @JsonProperty("p50_us") double p50Us,
            @JsonProperty("p99_us") double p99Us,
            @JsonProperty("algbw_bytes_per_second") double algbw,
            @JsonProperty("busbw_bytes_per_second") double busbw,
            OptionalLong wrong,
            @JsonProperty("of_copy") OptionalDouble ofCopy,
            int iterations) {}

    /**
     * A table.
     *
     * @param machine where it was measured
     * @param transport for example {@code ipc}
     * @param algorithm that was forced; {@code auto} leaves the choice to the communicator
     * @param copyBytesPerSecond at which each member copies memory while all do
     */
    public record Result(
            @JsonUnwrapped Machine machine,
            String transport,
            int ranks,
            String algorithm,
            String dtype,
            @JsonProperty("copy_bytes_per_second") double copyBytesPerSecond,
            List<Row> rows) {
        /** How many elements were wrong, in all rows. */
        public long wrong() {
            return rows.stream().mapToLong(row -> row.wrong().orElse(0)).sum();
        }
    }

    /** Who is told of a measurement while it goes on. */
    public interface Listener {
        /** Nobody. */
        Listener NONE = new Listener() {
            @Override
            public void begins(double copyBytesPerSecond) {}

            @Override
            public void measured(Row row) {}
        };

        /** The members have met, and copy memory so fast. */
        void begins(double copyBytesPerSecond);

        /** A row is complete. */
        void measured(Row row);
    }

    /**
     * Measures between processes that it starts.
     *
     * @throws BenchException if a process fails, or if the memory does not suffice
     */
    public static Result run(Installation installation, Options options, Listener listener) {
        long largest = options.sizes().max();
        requireMemory(options);
        try (Crew crew =
                ProcessCrew.start(installation, options.transport(), options.ranks(), largest, options.algorithm())) {
            return run(crew, options, listener);
        }
    }

    /**
     * Looks whether the memory suffices.
     *
     * @throws BenchException if not
     */
    static void requireMemory(Options options) {
        BenchException.requireMemory(
                options.ranks(), 2 * (options.sizes().max() + copyBytes(options)), HostMemory.availableBytes());
    }

    /** Measures with members that have met. */
    static Result run(Crew crew, Options options, Listener listener) {
        return new CollectivesBench(crew, options).run(listener);
    }

    private Result run(Listener listener) {
        copyBytesPerSecond = copySpeed();
        listener.begins(copyBytesPerSecond);
        List<Row> rows = new ArrayList<>();
        for (CollectiveOp op : options.operations) {
            warmUp(op);
            for (long bytes : op.sized() ? options.sizes.all() : List.of(0L)) {
                for (Place place : op.places()) {
                    Row row = row(call(op, bytes, place));
                    rows.add(row);
                    listener.measured(row);
                }
            }
        }
        return new Result(
                Machine.local(Clock.systemUTC()),
                options.transport.label(),
                options.ranks,
                options.algorithm.label(),
                label(options.dtype),
                copyBytesPerSecond,
                List.copyOf(rows));
    }

    /** The slowest member's. */
    private double copySpeed() {
        return crew.ask(new Order.Copy(copyBytes(options), COPIES), Limits.ORDER).stream()
                .mapToDouble(answer -> ((Answer.Copied) answer).bytesPerSecond())
                .min()
                .orElseThrow();
    }

    private static long copyBytes(Options options) {
        return Math.min(options.effort.copyBytes, ALL_COPIES_BYTES / options.ranks);
    }

    private Order.Call call(CollectiveOp op, long bytes, Place place) {
        return new Order.Call(op, op.roundedBytes(bytes, options.ranks, options.dtype.bytes()), options.dtype, place);
    }

    /** Until compilers have done with it: they take the cores that the members need. */
    private void warmUp(CollectiveOp op) {
        for (Place place : op.places()) {
            for (long bytes : WARM_UP_BYTES) {
                Order.Call call = call(op, Math.min(bytes, options.sizes.max), place);
                double guessNs = time(call, options.effort.warmUp, 0).p50Ns();
                for (long left = iterations(guessNs, MOST_WARM_UPS); left > 0; left -= MOST_ITERATIONS) {
                    time(call, (int) Math.min(left, MOST_ITERATIONS), guessNs);
                }
            }
        }
    }

    private Row row(Order.Call call) {
        long first = call.bytes() == 0 ? FIRST_LOOK_MOST : FIRST_LOOK_BYTES / call.bytes();
        double guessNs = time(call, (int) Math.clamp(first, FIRST_LOOK_FEWEST, FIRST_LOOK_MOST), 0)
                .p50Ns();
        int iterations = iterations(guessNs, MOST_ITERATIONS);
        Answer.Timed timed = time(call, iterations, guessNs);
        double algbw = call.bytes() / timed.p50Ns() * 1e9;
        double busbw = algbw * call.op().busFactor(options.ranks);
        boolean bound = options.transport.insideHost() && call.bytes() >= LARGE_BYTES;
        return new Row(
                call.op().label(),
                call.bytes(),
                call.op().count(call.bytes(), options.ranks, call.dtype().bytes()),
                label(call.dtype()),
                call.place() == Place.IN,
                timed.p50Ns() / 1e3,
                timed.p99Ns() / 1e3,
                algbw,
                busbw,
                options.checking == Checking.NONE ? OptionalLong.empty() : OptionalLong.of(wrong(call)),
                bound ? OptionalDouble.of(busbw / copyBytesPerSecond) : OptionalDouble.empty(),
                iterations);
    }

    static String label(DType dtype) {
        return dtype.name().toLowerCase(Locale.ROOT);
    }

    /** As many as take the time that one size may take. */
    private int iterations(double guessNs, int most) {
        return (int) Math.clamp(options.effort.secondsPerSize * 1e9 / guessNs, FEWEST_ITERATIONS, most);
    }

    /** In a time that a guess of each call's allows for. */
    private Answer.Timed time(Order.Call call, int iterations, double guessNs) {
        Duration expected = Duration.ofNanos((long) (iterations * guessNs));
        Duration limit = Limits.ORDER.plus(expected.multipliedBy(Limits.SLOWER));
        return (Answer.Timed) crew.ask(new Order.Time(call, iterations), limit).getFirst();
    }

    private long wrong(Order.Call call) {
        long wrong = 0;
        for (int round = 1; round <= CHECKS; round++) {
            for (Answer answer : crew.ask(new Order.Check(call, round), Limits.ORDER)) {
                wrong += ((Answer.Checked) answer).wrong();
            }
        }
        return wrong;
    }
}
