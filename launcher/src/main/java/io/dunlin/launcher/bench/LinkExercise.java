package io.dunlin.launcher.bench;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Work;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/** Messages of one member to and from others. */
final class LinkExercise {
    private final Communicator communicator;
    private final MemorySegment outgoing;
    private final MemorySegment incoming;
    private final LongSupplier clockNs;

    LinkExercise(Communicator communicator, MemorySegment outgoing, MemorySegment incoming, LongSupplier clockNs) {
        this.communicator = communicator;
        this.outgoing = outgoing;
        this.incoming = incoming;
        this.clockNs = clockNs;
    }

    Answer ping(Order.Ping order) {
        int rank = communicator.rank();
        MemorySegment out = outgoing.asSlice(0, order.bytes());
        MemorySegment in = incoming.asSlice(0, order.bytes());
        communicator.barrier().await();
        Optional<Order.Link> link = order.links().stream()
                .filter(one -> one.from() == rank || one.to() == rank)
                .findFirst();
        if (link.isEmpty()) {
            return new Answer.Idle();
        }
        return link.get().from() == rank
                ? there(out, in, link.get().to(), order.iterations())
                : back(out, in, link.get().from(), order.iterations());
    }

    private Answer there(MemorySegment out, MemorySegment in, int peer, int iterations) {
        double[] timesNs = new double[iterations];
        for (int i = 0; i < iterations; i++) {
            long beginNs = clockNs.getAsLong();
            Work received = communicator.receive(in, peer);
            communicator.send(out, peer).await();
            received.await();
            timesNs[i] = clockNs.getAsLong() - beginNs;
        }
        return Answer.Timed.of(timesNs);
    }

    private Answer back(MemorySegment out, MemorySegment in, int peer, int iterations) {
        for (int i = 0; i < iterations; i++) {
            communicator.receive(in, peer).await();
            communicator.send(out, peer).await();
        }
        return new Answer.Idle();
    }

    Answer flow(Order.Flow order) {
        int rank = communicator.rank();
        List<Integer> from = order.links().stream()
                .filter(link -> link.to() == rank)
                .map(Order.Link::from)
                .toList();
        List<Integer> to = order.links().stream()
                .filter(link -> link.from() == rank)
                .map(Order.Link::to)
                .toList();
        MemorySegment out = outgoing.asSlice(0, order.bytes());
        List<MemorySegment> in = IntStream.range(0, from.size())
                .mapToObj(i -> incoming.asSlice(i * order.bytes(), order.bytes()))
                .toList();
        communicator.barrier().await();
        Work[] under = new Work[from.size() + to.size()];
        double[] timesNs = new double[order.iterations()];
        for (int i = 0; i < timesNs.length; i++) {
            long beginNs = clockNs.getAsLong();
            int started = 0;
            for (int k = 0; k < from.size(); k++) {
                under[started++] = communicator.receive(in.get(k), from.get(k));
            }
            for (int k = 0; k < to.size(); k++) {
                under[started++] = communicator.send(out, to.get(k));
            }
            for (Work work : under) {
                work.await();
            }
            timesNs[i] = clockNs.getAsLong() - beginNs;
        }
        // Who only sends knows when the stream has taken his bytes, and not when they have arrived.
        return from.isEmpty() ? new Answer.Idle() : Answer.Timed.of(timesNs);
    }
}
