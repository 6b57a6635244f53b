package io.dunlin.launcher.bench;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.List;

/** One operation at one size as one member calls it, with the memory for it; calling it allocates nothing. */
final class Exercise {
    private final Communicator communicator;
    private final CollectiveOp op;
    private final DType dtype;
    private final int rank;
    private final int ranks;

    /** What this member contributes. */
    private final MemorySegment input;

    /** Where this member's result goes. */
    private final MemorySegment output;

    /** Elements before this member's part. */
    private final long firstOfPart;

    private final List<Long> lengthsBytes;

    private Exercise(Communicator communicator, Order.Call call, MemorySegment input, MemorySegment output) {
        this.communicator = communicator;
        this.op = call.op();
        this.dtype = call.dtype();
        this.rank = communicator.rank();
        this.ranks = communicator.size();
        this.input = input;
        this.output = output;
        long partBytes = call.bytes() / ranks;
        this.firstOfPart = partBytes / dtype.bytes() * rank;
        this.lengthsBytes = Collections.nCopies(ranks, partBytes);
    }

    /** An exercise over the beginning of two pieces of memory. */
    static Exercise of(Communicator communicator, Order.Call call, MemorySegment one, MemorySegment other) {
        MemorySegment input = one.asSlice(0, call.bytes());
        MemorySegment output = (call.place() == Place.IN ? one : other).asSlice(0, call.bytes());
        long partBytes = call.bytes() / communicator.size();
        boolean inPlace = call.place() == Place.IN;
        return switch (call.op()) {
            case ALL_GATHER, GATHER ->
                new Exercise(communicator, call, part(input, communicator.rank(), partBytes, inPlace), output);
            case REDUCE_SCATTER, SCATTER ->
                new Exercise(communicator, call, input, part(output, communicator.rank(), partBytes, inPlace));
            default -> new Exercise(communicator, call, input, output);
        };
    }

    /** A part's place among all where everything is in place; else the beginning of memory of its own. */
    private static MemorySegment part(MemorySegment all, int rank, long partBytes, boolean amongAll) {
        return all.asSlice(amongAll ? rank * partBytes : 0, partBytes);
    }

    /** Calls the operation and waits for its end. */
    void call() {
        switch (op) {
            case ALL_REDUCE ->
                communicator.allReduce(input, output, dtype, ReduceOp.SUM).await();
            case REDUCE_SCATTER ->
                communicator
                        .reduceScatter(input, output, lengthsBytes, dtype, ReduceOp.SUM)
                        .await();
            case ALL_GATHER ->
                communicator.allGather(input, output, lengthsBytes).await();
            case ALL_TO_ALL ->
                communicator.allToAll(input, lengthsBytes, output, lengthsBytes).await();
            case BROADCAST -> communicator.broadcast(input, CollectiveOp.ROOT).await();
            case REDUCE ->
                communicator
                        .reduce(input, output, dtype, ReduceOp.SUM, CollectiveOp.ROOT)
                        .await();
            case GATHER ->
                communicator
                        .gather(input, output, lengthsBytes, CollectiveOp.ROOT)
                        .await();
            case SCATTER ->
                communicator
                        .scatter(input, output, lengthsBytes, CollectiveOp.ROOT)
                        .await();
            case SEND_RECEIVE -> {
                Work received = communicator.receive(output, previous());
                communicator.send(input, (rank + 1) % ranks).await();
                received.await();
            }
            case BARRIER -> communicator.barrier().await();
        }
    }

    private int previous() {
        return (rank + ranks - 1) % ranks;
    }

    /** Writes this member's contribution, and into the result's memory, where it is another, something else. */
    void prepare(Pattern pattern) {
        Pattern.spoil(output);
        switch (op) {
            case ALL_GATHER, GATHER -> pattern.fill(input, rank, firstOfPart);
            case BROADCAST -> {
                if (rank == CollectiveOp.ROOT) {
                    pattern.fill(input, rank, 0);
                }
            }
            default -> pattern.fill(input, rank, 0);
        }
    }

    /** How many elements of this member's result are not what they must be. */
    long wrong(Pattern pattern) {
        boolean root = rank == CollectiveOp.ROOT;
        return switch (op) {
            case ALL_REDUCE -> pattern.wrongOfSum(output, 0);
            case REDUCE_SCATTER -> pattern.wrongOfSum(output, firstOfPart);
            case REDUCE -> root ? pattern.wrongOfSum(output, 0) : 0;
            case ALL_GATHER -> wrongParts(pattern);
            case GATHER -> root ? wrongParts(pattern) : 0;
            case ALL_TO_ALL -> wrongRuns(pattern);
            case BROADCAST -> pattern.wrongOf(input, CollectiveOp.ROOT, 0);
            case SCATTER -> pattern.wrongOf(output, CollectiveOp.ROOT, firstOfPart);
            case SEND_RECEIVE -> pattern.wrongOf(output, previous(), 0);
            case BARRIER -> 0;
        };
    }

    /** Part k holds what member k has contributed at its place among all. */
    private long wrongParts(Pattern pattern) {
        long partBytes = lengthsBytes.getFirst();
        long wrong = 0;
        for (int member = 0; member < ranks; member++) {
            MemorySegment part = output.asSlice(member * partBytes, partBytes);
            wrong += pattern.wrongOf(part, member, member * (partBytes / dtype.bytes()));
        }
        return wrong;
    }

    /** Run k holds what member k had for this member. */
    private long wrongRuns(Pattern pattern) {
        long partBytes = lengthsBytes.getFirst();
        long wrong = 0;
        for (int member = 0; member < ranks; member++) {
            wrong += pattern.wrongOf(output.asSlice(member * partBytes, partBytes), member, firstOfPart);
        }
        return wrong;
    }
}
