package io.dunlin.collectives.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.wire.RawMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.function.IntUnaryOperator;

/**
 * One operation on all members, in one thread: frames of any length are sent, held back and taken in any order that streams
 * allow.
 */
final class Cluster {
    /** The length of the longest frame; what room streams have for more is up to chance. */
    static final int LONGEST_FRAME_BYTES = 64 << 9;

    private static final int MOST_FRAMES_UNDER_WAY = 3;

    private final Random random;
    private final Arena arena = Arena.ofAuto();
    private final List<Algorithm> members;
    private final List<Stream> streams = new ArrayList<>();
    private final long[][] moved; // [from][to]

    /** Frames on their way from one member to another. */
    private record Stream(int from, int to, Deque<MemorySegment> frames) {}

    /** Algorithms of all members, by number, after {@code begin}. */
    Cluster(List<Algorithm> members, long seed) {
        int size = members.size();
        this.members = members;
        this.random = new Random(seed);
        this.moved = new long[size][size];
        for (int from = 0; from < size; from++) {
            for (int to = 0; to < size; to++) {
                if (from != to) {
                    streams.add(new Stream(from, to, new ArrayDeque<>()));
                    assertThat(members.get(from).bytesTo(to))
                            .as("flow from %d to %d", from, to)
                            .isEqualTo(members.get(to).bytesFrom(from));
                }
            }
        }
    }

    void run() {
        int idle = 0;
        while (!over()) {
            int member = random.nextInt(members.size());
            boolean acted = members.get(member).advance();
            if (!streams.isEmpty()) {
                acted |= send(streams.get(random.nextInt(streams.size())));
                acted |= take(streams.get(random.nextInt(streams.size())));
            }
            idle = acted ? 0 : idle + 1;
            assertThat(idle).as("actions without effect: nothing can go on").isLessThan(100_000);
        }
    }

    private boolean over() {
        for (Algorithm member : members) {
            if (!member.complete()) {
                return false;
            }
        }
        for (Stream stream : streams) {
            long bytes = Math.max(0, members.get(stream.from).bytesTo(stream.to));
            if (!stream.frames.isEmpty() || moved[stream.from][stream.to] != bytes) {
                return false;
            }
        }
        return true;
    }

    private boolean send(Stream stream) {
        Algorithm sender = members.get(stream.from);
        if (sender.bytesTo(stream.to) <= moved[stream.from][stream.to]
                || stream.frames.size() == MOST_FRAMES_UNDER_WAY) {
            return false;
        }
        long sendable = sender.sendable(stream.to);
        int bytes = (int) Math.min(sendable, LONGEST_FRAME_BYTES >> random.nextInt(10));
        if (bytes == 0) {
            return false;
        }
        MemorySegment frame = arena.allocate(bytes, 64);
        RawMemory.copy(sender.source(stream.to), frame.address(), bytes);
        sender.sent(stream.to, bytes);
        moved[stream.from][stream.to] += bytes;
        assertThat(moved[stream.from][stream.to]).isLessThanOrEqualTo(sender.bytesTo(stream.to));
        stream.frames.add(frame);
        return true;
    }

    private boolean take(Stream stream) {
        MemorySegment frame = stream.frames.peek();
        if (frame == null || !members.get(stream.to).accept(stream.from, frame.address(), (int) frame.byteSize())) {
            return false;
        }
        stream.frames.remove();
        return true;
    }

    /** What a member has sent. */
    long bytesFrom(int member) {
        long sum = 0;
        for (long bytes : moved[member]) {
            sum += bytes;
        }
        return sum;
    }

    /** What members of different domains have sent each other. */
    long bytesBetween(IntUnaryOperator domain) {
        long sum = 0;
        for (Stream stream : streams) {
            if (domain.applyAsInt(stream.from) != domain.applyAsInt(stream.to)) {
                sum += moved[stream.from][stream.to];
            }
        }
        return sum;
    }
}
