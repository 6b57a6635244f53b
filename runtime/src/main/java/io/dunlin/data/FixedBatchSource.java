package io.dunlin.data;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.OptionalInt;

/** Batches of rows that are given as arrays, in the order given; for comparing a model with known figures. */
public final class FixedBatchSource implements BatchSource {
    private final Arena arena = Arena.ofShared();
    private final StepBuffer buffer;

    private FixedBatchSource(Samples samples, BatchPlan plan) {
        this.buffer = new StepBuffer(samples, SampleOrder.inOrder(), plan, StepBuffer.AtEnd.NEXT_PASS, arena);
    }

    /**
     * Every row predicts its own next tokens: T tokens, T - 1 targets, and -1 for the last.
     *
     * @param rows [N][T]
     * @param rowsPerStep samples of a step
     * @param microBatch rows of a micro-batch
     */
    public static FixedBatchSource ofSequences(int[][] rows, int rowsPerStep, int microBatch) {
        int[][] targets = new int[rows.length][];
        for (int row = 0; row < rows.length; row++) {
            targets[row] = new int[rows[row].length];
            System.arraycopy(rows[row], 1, targets[row], 0, rows[row].length - 1);
            targets[row][rows[row].length - 1] = -1;
        }
        return of(rows, targets, rowsPerStep, microBatch);
    }

    /**
     * Rows with their targets.
     *
     * @param tokens [N][T]
     * @param targets [N][T]: -1 where there is nothing to predict
     * @param rowsPerStep samples of a step
     * @param microBatch rows of a micro-batch
     */
    public static FixedBatchSource of(int[][] tokens, int[][] targets, int rowsPerStep, int microBatch) {
        int context = tokens[0].length;
        BatchPlan plan = BatchPlan.of(context, microBatch, (long) rowsPerStep * context);
        return new FixedBatchSource(new Rows(tokens, targets), plan);
    }

    @Override
    public Batch next(DataPosition position, Share share) {
        return buffer.fill(position, share);
    }

    @Override
    public void close() {
        arena.close();
    }

    private record Rows(int[][] tokenRows, int[][] targetRows) implements Samples {
        Rows {
            if (tokenRows.length != targetRows.length) {
                throw new IllegalArgumentException(
                        "%d rows of tokens, %d of targets".formatted(tokenRows.length, targetRows.length));
            }
            for (int row = 0; row < tokenRows.length; row++) {
                if (tokenRows[row].length != tokenRows[0].length || targetRows[row].length != tokenRows[0].length) {
                    throw new IllegalArgumentException(
                            "row %d is not of length %d".formatted(row, tokenRows[0].length));
                }
            }
        }

        @Override
        public long count() {
            return tokenRows.length;
        }

        @Override
        public int context() {
            return tokenRows[0].length;
        }

        @Override
        public OptionalInt targetsOfEach() {
            return OptionalInt.empty();
        }

        @Override
        public int targets(long index) {
            int count = 0;
            for (int target : targetRows[(int) index]) {
                count += target >= 0 ? 1 : 0;
            }
            return count;
        }

        @Override
        public void read(long index, MemorySegment tokens, MemorySegment targets) {
            MemorySegment.copy(tokenRows[(int) index], 0, tokens, ValueLayout.JAVA_INT, 0, context());
            MemorySegment.copy(targetRows[(int) index], 0, targets, ValueLayout.JAVA_INT, 0, context());
        }

        @Override
        public String place(long index) {
            return "row " + index;
        }

        @Override
        public void close() {}
    }
}
