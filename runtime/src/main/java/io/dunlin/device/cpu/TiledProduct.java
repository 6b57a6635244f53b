package io.dunlin.device.cpu;

import io.dunlin.device.cpu.ProductShape.Addend;
import io.dunlin.device.cpu.ProductShape.Packing;

/**
 * One product of a linear layer, tile by tile; a deep inner dimension part by part, so that the operands of a part are
 * read from memory once.
 *
 * <p>Where tiles share columns of a packed b, these are packed once, a group of columns at a time: first all workers
 * pack, then all multiply. A group bounds the memory, and stays in the last-level cache.
 */
final class TiledProduct implements Team.Job {
    private static final long GROUP_BYTES = 8L << 20;

    private final Team team;
    private final Scratch scratch;
    private final TilePlan plan;
    private final int rowTiles;
    private final int columnTiles;
    private final int parts;
    private final boolean packs;
    private final boolean sumsApart;
    private final PackColumns packColumns = new PackColumns();
    /** By part (first, middle, last) and position (inner, last row, last column, last of both). */
    private final Product[][] products;

    private final long packedBytes;
    private final int groupTiles;
    private int part;
    private int firstColumnTile;
    private long a;
    private long b;
    private long c;
    private long biases;
    private long other;

    TiledProduct(Team team, Scratch scratch, ProductEngine engine, TilePlan plan) {
        this.team = team;
        this.scratch = scratch;
        this.plan = plan;
        rowTiles = plan.rowTiles();
        columnTiles = plan.columnTiles();
        parts = plan.parts();
        packs = plan.packing() == Packing.PACKED && parts > 0;
        sumsApart = plan.sumsApart();
        products = new Product[Math.min(parts, 3)][4];
        long largest = 0;
        for (int which = 0; which < products.length; which++) {
            int likePart = which == 2 ? parts - 1 : which;
            for (int position = 0; position < 4 && rowTiles > 0 && columnTiles > 0; position++) {
                int height = plan.rowsOf((position & 1) == 0 ? 0 : rowTiles - 1);
                int width = plan.columnsOf((position & 2) == 0 ? 0 : columnTiles - 1);
                products[which][position] = engine.product(plan.product(height, width, likePart));
                largest = Math.max(largest, products[which][position].packedBytes());
            }
        }
        packedBytes = (largest + 63) & -64;
        groupTiles = packs
                ? (int) Math.clamp(GROUP_BYTES / Math.max(1, packedBytes), 1, Math.max(1, columnTiles))
                : columnTiles;
    }

    TilePlan plan() {
        return plan;
    }

    /** Multiplies operands at these addresses. */
    void run(long ofA, long ofB, long ofC, long ofBias, long ofOther) {
        a = ofA;
        b = ofB;
        c = ofC;
        biases = ofBias;
        other = ofOther;
        if (packs || sumsApart) {
            scratch.ensureShared(groupTiles * packedBytes + sumBytes());
            scratch.ensure((long) plan.columns() * Float.BYTES);
        }
        for (part = 0; part < Math.max(1, parts); part++) {
            for (firstColumnTile = 0; firstColumnTile < columnTiles; firstColumnTile += groupTiles) {
                int columns = Math.min(groupTiles, columnTiles - firstColumnTile);
                if (packs) {
                    team.run(packColumns, columns);
                }
                team.run(this, rowTiles * columns);
            }
        }
    }

    /** Tiles that follow each other share their columns of b. */
    @Override
    public void tile(int tile, int worker) {
        int i = tile % rowTiles;
        int j = firstColumnTile + tile / rowTiles;
        long row = (long) i * plan.rows();
        long column = (long) j * plan.columns();
        long offset = plan.offsetC(row, column);
        if (parts == 0) {
            clear(i, j, c + offset);
            return;
        }
        long to = sumsApart ? sums(i, j) : c + offset;
        long fromB = packs ? packed(j) : b + plan.offsetB(column, part);
        long bias = biases + column * plan.likeA().dtype().bytes();
        product(i, j).run(worker, a + plan.offsetA(row, part), fromB, to, bias, other + offset);
        if (sumsApart && part == parts - 1) {
            finish(i, j, to, scratch.of(worker));
        }
    }

    private long sumBytes() {
        return sumsApart ? (long) rowTiles * columnTiles * plan.rows() * plan.columns() * Float.BYTES : 0;
    }

    /** Where the sums of a tile are kept apart from the result; each tile is dense. */
    private long sums(int i, int j) {
        long tile = (long) j * rowTiles + i;
        return scratch.shared() + groupTiles * packedBytes + tile * plan.rows() * plan.columns() * Float.BYTES;
    }

    private Product product(int i, int j) {
        int which = part == 0 ? 0 : part == parts - 1 ? products.length - 1 : 1;
        return products[which][(i == rowTiles - 1 ? 1 : 0) + (j == columnTiles - 1 ? 2 : 0)];
    }

    private long packed(int j) {
        return scratch.shared() + (j - firstColumnTile) * packedBytes;
    }

    /** Rounds the sums of a tile into place, with what was there if it counts. */
    private void finish(int i, int j, long sums, long before) {
        int count = plan.columnsOf(j);
        for (int r = 0; r < plan.rowsOf(i); r++) {
            long from = sums + (long) r * plan.columns() * Float.BYTES;
            long to = c + plan.offsetC((long) i * plan.rows() + r, (long) j * plan.columns());
            if (plan.addend() == Addend.RESULT) {
                RowLoops.widen(to, before, count);
                RowLoops.add(from, before, from, count);
            }
            RowLoops.narrow(from, to, count);
        }
    }

    /** A sum of nothing. */
    private void clear(int i, int j, long at) {
        if (plan.addend() == Addend.RESULT) {
            return;
        }
        if (plan.kind() != TilePlan.Kind.WEIGHT_GRADIENT) {
            throw new IllegalArgumentException("a linear layer without inputs");
        }
        for (int r = 0; r < plan.rowsOf(i); r++) {
            RowLoops.fill(at + plan.offsetC(r, 0), 0, plan.columnsOf(j));
        }
    }

    /** Packs one column tile of the current group. */
    private final class PackColumns implements Team.Job {
        @Override
        public void tile(int tile, int worker) {
            int j = firstColumnTile + tile;
            product(0, j).pack(worker, b + plan.offsetB((long) j * plan.columns(), part), packed(j));
        }
    }
}
