package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.data.Batch;
import io.dunlin.model.Model;
import io.dunlin.nn.Trained;
import io.dunlin.tensor.Tensor;
import io.dunlin.train.GradientExchange.Range;
import io.dunlin.train.StepExecutor;
import io.dunlin.train.StepOutcome;
import io.dunlin.train.TrainState;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * ZeRO stage 1 (Rajbhandari et al., "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models", 2020): each
 * rank keeps the optimizer's state of its share alone, updates that share, and gets the others' new weights.
 *
 * <p>Of the shares of others the F32 masters are those of the beginning: only what kernels read is gathered, so a
 * checkpoint takes from each rank its own share.
 */
public final class ShardedExecutor implements StepExecutor {
    private final StepExecutor executor;
    private final Communicator communicator;
    private final Model model;
    private final List<Trained> owned;
    private final List<Piece> pieces;

    /**
     * A part of the weights that is gathered in one collective.
     *
     * @param device where it lies
     * @param host the same memory, or where it passes
     * @param lengthsBytes each rank's part
     */
    private record Piece(MemorySegment device, MemorySegment host, List<Long> lengthsBytes, Range own) {
        boolean staged() {
            return device != host;
        }
    }

    /**
     * Shards the update of an executor that leaves the sums of this rank's share.
     *
     * @param communicator of all ranks that share the batch; its owner closes it
     * @param pieceBytes how much to gather at a time
     */
    public ShardedExecutor(
            StepExecutor executor, Communicator communicator, Model model, FlatShares shares, long pieceBytes) {
        this.executor = executor;
        this.communicator = communicator;
        this.model = model;
        this.owned = List.copyOf(shares.owned(model.parameters(), communicator.rank()));
        this.pieces = cut(shares, pieceBytes);
    }

    private List<Piece> cut(FlatShares shares, long pieceBytes) {
        Tensor weights = model.flatCompute();
        long elementBytes = weights.dtype().bytes();
        long elementsAtOnce = Math.max(1, pieceBytes / elementBytes);
        boolean direct = model.device().hostReadable();
        MemorySegment passage = direct
                ? MemorySegment.NULL
                : model.device()
                        .allocateHost(
                                "weights on the wire", Math.min(elementsAtOnce, weights.elements()) * elementBytes);
        List<Piece> cut = new ArrayList<>();
        for (long first = 0; first < weights.elements(); first += elementsAtOnce) {
            long count = Math.min(elementsAtOnce, weights.elements() - first);
            MemorySegment device = weights.segment().asSlice(first * elementBytes, count * elementBytes);
            List<Long> lengths = shares.lengths(first, count).stream()
                    .map(elements -> elements * elementBytes)
                    .toList();
            long before = lengths.subList(0, communicator.rank()).stream()
                    .mapToLong(Long::longValue)
                    .sum();
            cut.add(new Piece(
                    device,
                    direct ? device : passage.asSlice(0, count * elementBytes),
                    lengths,
                    new Range(before, lengths.get(communicator.rank()))));
        }
        return List.copyOf(cut);
    }

    @Override
    public StepOutcome run(Batch batch, TrainState state) {
        return executor.run(batch, state);
    }

    @Override
    public List<Trained> owned() {
        return owned;
    }

    @Override
    public void weightsUpdated() {
        for (Piece piece : pieces) {
            MemorySegment part = own(piece.host(), piece.own());
            if (piece.staged()) {
                model.host().read(own(piece.device(), piece.own()), part);
            }
            communicator.allGather(part, piece.host(), piece.lengthsBytes()).await();
            if (piece.staged()) {
                model.host().write(piece.device(), piece.host());
            }
        }
        executor.weightsUpdated();
    }

    private static MemorySegment own(MemorySegment memory, Range range) {
        return memory.asSlice(range.offset(), range.length());
    }
}
