package io.dunlin.device.cpu;

import io.dunlin.tensor.Tensor;

/**
 * A function of up to three inputs and up to two outputs, element by element; outputs may be inputs. Subclasses compute
 * one chunk in F32.
 */
abstract class Elementwise implements Team.Job {
    /** Elements of a chunk: five buffers of them fit a first-level cache of 32 KiB. */
    private static final int CHUNK = 1024;

    private static final int INPUTS = 3;
    private static final int OPERANDS = 5;
    private static final long SCRATCH_BYTES = (long) OPERANDS * CHUNK * Float.BYTES;

    private final Team team;
    private final Scratch scratch;
    private final Operand[] inputs = {new Operand(), new Operand(), new Operand()};
    private final Operand[] outputs = {new Operand(), new Operand()};
    private final long[][] addresses;
    private int inputCount;
    private int outputCount;
    private long rows;
    private long columns;
    private long tileRows;
    private long tileColumns;

    Elementwise(Team team, Scratch scratch) {
        this.team = team;
        this.scratch = scratch;
        addresses = new long[team.threads()][OPERANDS];
        scratch.ensure(SCRATCH_BYTES);
    }

    /**
     * Computes {@code count} elements, a multiple of {@link Lanes#W}.
     *
     * @param at addresses of the inputs, then, from index 3, of the outputs
     */
    abstract void compute(long[] at, int count);

    /** Runs with one, two or three inputs and one or two outputs; unused operands are {@link Tensor#NONE}. */
    final void run(Tensor a, Tensor b, Tensor c, Tensor y, Tensor z) {
        inputs[0].set(a);
        inputs[1].set(b);
        inputs[2].set(c);
        outputs[0].set(y);
        outputs[1].set(z);
        inputCount = c.present() ? 3 : b.present() ? 2 : a.present() ? 1 : 0;
        outputCount = z.present() ? 2 : 1;
        boolean flat = dense(a) && dense(b) && dense(c) && y.dense() && dense(z);
        rows = flat ? 1 : y.rows();
        columns = flat ? y.elements() : y.columns();
        tileRows = flat ? 1 : Tiling.rows(columns);
        tileColumns = flat ? Tiling.ELEMENTS : columns;
        if (y.elements() > 0) {
            team.run(this, flat ? Tiling.ceilDiv(columns, tileColumns) : Tiling.ceilDiv(rows, tileRows));
        }
    }

    private static boolean dense(Tensor tensor) {
        return !tensor.present() || tensor.dense();
    }

    @Override
    public final void tile(int tile, int worker) {
        long firstRow = rows == 1 ? 0 : tile * tileRows;
        long lastRow = Math.min(rows, firstRow + tileRows);
        long firstColumn = rows == 1 ? tile * tileColumns : 0;
        long lastColumn = Math.min(columns, firstColumn + tileColumns);
        for (long row = firstRow; row < lastRow; row++) {
            for (long column = firstColumn; column < lastColumn; column += CHUNK) {
                chunk(row, column, (int) Math.min(CHUNK, lastColumn - column), worker);
            }
        }
    }

    private void chunk(long row, long column, int count, int worker) {
        int whole = Lanes.F.loopBound(count);
        if (whole > 0) {
            vectors(row, column, whole, worker);
        }
        if (whole < count) {
            rest(row, column + whole, count - whole, worker);
        }
    }

    private void vectors(long row, long column, int count, int worker) {
        long[] at = addresses[worker];
        for (int i = 0; i < inputCount; i++) {
            at[i] = inputs[i].read(row, column, count, buffer(worker, i));
        }
        for (int i = 0; i < outputCount; i++) {
            at[INPUTS + i] = outputs[i].target(row, column, buffer(worker, INPUTS + i));
        }
        compute(at, count);
        for (int i = 0; i < outputCount; i++) {
            outputs[i].written(row, column, count, buffer(worker, INPUTS + i));
        }
    }

    /** Computes fewer elements than a vector has, in buffers that hold a whole one. */
    private void rest(long row, long column, int count, int worker) {
        long[] at = addresses[worker];
        for (int i = 0; i < at.length; i++) {
            at[i] = buffer(worker, i);
        }
        for (int i = 0; i < inputCount; i++) {
            inputs[i].load(row, column, count, at[i]);
        }
        compute(at, Lanes.W);
        for (int i = 0; i < outputCount; i++) {
            outputs[i].store(row, column, count, at[INPUTS + i]);
        }
    }

    private long buffer(int worker, int operand) {
        return scratch.of(worker) + (long) operand * CHUNK * Float.BYTES;
    }
}
