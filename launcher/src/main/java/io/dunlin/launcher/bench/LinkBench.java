package io.dunlin.launcher.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.dunlin.launcher.place.Installation;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Messages between every two ranks: how long a short one takes, and how many bytes pass in long ones, one way, both ways at
 * once, and from everybody to everybody at once. Pairs that share no rank are measured at the same time.
 */
public final class LinkBench {
    private static final long PING_BYTES = 64;
    private static final int PINGS = 5_000;
    private static final long FLOW_BYTES = 4 << 20;
    private static final long FLOW_TO_EACH_BYTES = 1 << 20;
    private static final int FIRST_LOOK = 3;
    private static final int FEWEST = 5;
    private static final int MOST = 2_000;

    private final Crew crew;
    private final Options options;

    private LinkBench(Crew crew, Options options) {
        this.crew = crew;
        this.options = options;
    }

    /**
     * What is measured.
     *
     * @param ranks how many
     * @param transport that connects them
     * @param secondsPerFlow about how long each bandwidth is measured
     * @param pings short messages in each direction
     */
    public record Options(int ranks, BenchTransport transport, double secondsPerFlow, int pings) {
        /** What figures are made with. */
        public static Options thorough(int ranks, BenchTransport transport, double secondsPerFlow) {
            return new Options(ranks, transport, secondsPerFlow, PINGS);
        }
    }

    /**
     * One direction between two ranks.
     *
     * @param p50Us of half the time there and back, 64 bytes, microseconds
     * @param p99Us of the same
     * @param oneWay bytes per second while nothing goes back
     * @param bothWays bytes per second while as much goes back
     */
    public record Link(
            int from,
            int to,
            @JsonProperty("p50_us") double p50Us,
            @JsonProperty("p99_us") double p99Us,
            @JsonProperty("one_way_bytes_per_second") double oneWay,
            @JsonProperty("both_ways_bytes_per_second") double bothWays) {}

    /**
     * All links.
     *
     * @param machine where it was measured
     * @param allAtOnce bytes per second that the slowest rank receives while everybody sends to everybody
     * @param links by sender, then receiver
     */
    public record Result(
            @JsonUnwrapped Machine machine,
            String transport,
            int ranks,
            @JsonProperty("all_at_once_bytes_per_second") double allAtOnce,
            List<Link> links) {}

    /**
     * Measures between processes that it starts.
     *
     * @throws BenchException if a process fails
     */
    public static Result run(Installation installation, Options options) {
        try (Crew crew = ProcessCrew.start(
                installation,
                options.transport(),
                options.ranks(),
                largestBytes(options.ranks()),
                BenchAlgorithm.AUTO)) {
            return run(crew, options);
        }
    }

    /** What members need for all messages that they receive at once. */
    static long largestBytes(int ranks) {
        return Math.max(FLOW_BYTES, (ranks - 1) * FLOW_TO_EACH_BYTES);
    }

    /** Measures with members that have met. */
    static Result run(Crew crew, Options options) {
        return new LinkBench(crew, options).run();
    }

    private Result run() {
        List<Link> links = new ArrayList<>();
        warmUp();
        for (List<Order.Link> round : Tournament.of(options.ranks)) {
            List<Order.Link> backward = round.stream().map(Order.Link::reversed).toList();
            List<Order.Link> both =
                    Stream.concat(round.stream(), backward.stream()).toList();
            List<Answer> bothWays = flow(both, FLOW_BYTES);
            for (List<Order.Link> direction : List.of(round, backward)) {
                List<Answer> pings = crew.ask(new Order.Ping(direction, PING_BYTES, options.pings), Limits.ORDER);
                List<Answer> oneWay = flow(direction, FLOW_BYTES);
                direction.forEach(link -> links.add(link(link, timed(pings, link.from()), oneWay, bothWays)));
            }
        }
        links.sort((a, b) -> a.from != b.from ? Integer.compare(a.from, b.from) : Integer.compare(a.to, b.to));
        return new Result(
                Machine.local(Clock.systemUTC()),
                options.transport.label(),
                options.ranks,
                allAtOnce(),
                List.copyOf(links));
    }

    private void warmUp() {
        List<Order.Link> ring = IntStream.range(0, options.ranks)
                .mapToObj(rank -> new Order.Link(rank, (rank + 1) % options.ranks))
                .toList();
        crew.ask(new Order.Flow(ring, PING_BYTES, options.pings), Limits.ORDER);
        crew.ask(new Order.Flow(ring, FLOW_TO_EACH_BYTES, FIRST_LOOK), Limits.ORDER);
    }

    private static Link link(Order.Link link, Answer.Timed ping, List<Answer> oneWay, List<Answer> bothWays) {
        return new Link(
                link.from(),
                link.to(),
                ping.p50Ns() / 2e3,
                ping.p99Ns() / 2e3,
                FLOW_BYTES / timed(oneWay, link.to()).p50Ns() * 1e9,
                FLOW_BYTES / timed(bothWays, link.to()).p50Ns() * 1e9);
    }

    private static Answer.Timed timed(List<Answer> answers, int rank) {
        return (Answer.Timed) answers.get(rank);
    }

    private double allAtOnce() {
        List<Order.Link> all = IntStream.range(0, options.ranks)
                .boxed()
                .flatMap(from -> IntStream.range(0, options.ranks)
                        .filter(to -> to != from)
                        .mapToObj(to -> new Order.Link(from, to)))
                .toList();
        double slowestNs = slowest(flow(all, FLOW_TO_EACH_BYTES));
        return (options.ranks - 1) * FLOW_TO_EACH_BYTES / slowestNs * 1e9;
    }

    /** As many messages as fill the time, by a first look. */
    private List<Answer> flow(List<Order.Link> links, long bytes) {
        double guessNs = slowest(crew.ask(new Order.Flow(links, bytes, FIRST_LOOK), Limits.ORDER));
        int iterations = (int) Math.clamp(options.secondsPerFlow * 1e9 / guessNs, FEWEST, MOST);
        Duration expected = Duration.ofNanos((long) (iterations * guessNs));
        return crew.ask(
                new Order.Flow(links, bytes, iterations), Limits.ORDER.plus(expected.multipliedBy(Limits.SLOWER)));
    }

    private static double slowest(List<Answer> answers) {
        return answers.stream()
                .mapToDouble(answer -> answer instanceof Answer.Timed timed ? timed.p50Ns() : 0)
                .max()
                .orElseThrow();
    }
}
