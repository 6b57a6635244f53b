package io.dunlin.train;

import io.dunlin.data.Batch;
import io.dunlin.data.BatchSource;
import io.dunlin.data.DataPosition;
import io.dunlin.data.MicroBatch;
import io.dunlin.data.Share;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Steps given as arrays of rows; each position predicts the next token of its row, the last predicts nothing. */
final class ArrayBatches implements BatchSource {
    private final Arena arena = Arena.ofAuto();
    private final List<List<MicroBatch>> steps = new ArrayList<>();
    private final int rows;
    private final int targets;

    /**
     * @param tokens [step][row][position]
     * @param microBatch rows of one micro-batch
     */
    ArrayBatches(int[][][] tokens, int microBatch) {
        rows = tokens[0].length;
        targets = rows * (tokens[0][0].length - 1);
        for (int[][] step : tokens) {
            List<MicroBatch> cut = new ArrayList<>();
            for (int first = 0; first < rows; first += microBatch) {
                cut.add(microBatch(cut.size(), List.of(step).subList(first, Math.min(rows, first + microBatch))));
            }
            steps.add(cut);
        }
    }

    private MicroBatch microBatch(int index, List<int[]> ofRows) {
        int time = ofRows.getFirst().length;
        Shape shape = Shape.of(ofRows.size(), time);
        MemorySegment tokens = arena.allocate(shape.elements() * Integer.BYTES, 64);
        MemorySegment next = arena.allocate(shape.elements() * Integer.BYTES, 64);
        long at = 0;
        for (int[] row : ofRows) {
            for (int t = 0; t < time; t++) {
                tokens.setAtIndex(ValueLayout.JAVA_INT, at, row[t]);
                next.setAtIndex(ValueLayout.JAVA_INT, at++, t + 1 < time ? row[t + 1] : -1);
            }
        }
        return new MicroBatch(index, Tensor.of(DType.I32, shape, tokens), Tensor.of(DType.I32, shape, next));
    }

    @Override
    public Batch next(DataPosition position, Share share) {
        List<MicroBatch> all = steps.get((int) (position.sample() / rows) % steps.size());
        List<MicroBatch> mine = IntStream.range(0, share.count(all.size()))
                .mapToObj(turn -> all.get(share.index(all.size(), turn)))
                .toList();
        return new Batch(mine, share, all.size(), targets, position.plus(rows, Long.MAX_VALUE));
    }

    @Override
    public void close() {}
}
