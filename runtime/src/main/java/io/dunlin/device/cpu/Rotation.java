package io.dunlin.device.cpu;

import io.dunlin.tensor.Tensor;

/** Rotary position embedding in place, in the half-split form. */
final class Rotation implements Team.Job {
    private final Team team;
    private final Scratch scratch;
    private final Operand x = new Operand();
    private final Operand cosSin = new Operand();
    private int time;
    private int headWidth;
    private int direction;
    private long rows;
    private int width;
    private int tileRows;

    Rotation(Team team, Scratch scratch) {
        this.team = team;
        this.scratch = scratch;
    }

    void run(Tensor rotated, Tensor ofCosSin, int ofTime, int ofHeadWidth, int ofDirection) {
        x.set(rotated);
        cosSin.set(ofCosSin);
        time = ofTime;
        headWidth = ofHeadWidth;
        direction = ofDirection;
        rows = rotated.rows();
        width = Math.toIntExact(rotated.columns());
        tileRows = Tiling.rows(width);
        scratch.ensure(4L * width);
        team.run(this, Tiling.ceilDiv(rows, tileRows));
    }

    @Override
    public void tile(int tile, int worker) {
        long buffer = scratch.of(worker);
        int half = headWidth / 2;
        long last = Math.min(rows, (tile + 1L) * tileRows);
        for (long row = (long) tile * tileRows; row < last; row++) {
            long at = x.read(row, 0, width, buffer);
            long cos = cosSin.at(row % time, 0);
            for (int head = 0; head < width; head += headWidth) {
                RotationLoops.rotate(at + 4L * head, cos, half, direction);
            }
            x.written(row, 0, width, buffer);
        }
    }
}
