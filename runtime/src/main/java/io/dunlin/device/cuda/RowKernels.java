package io.dunlin.device.cuda;

import io.dunlin.tensor.Tensor;

/** Kernels of one block per row: norms, embedding and loss; and the sums over rows that their gradients need. */
final class RowKernels {
    /** Rows that one block sums at least. */
    private static final int CHUNK_ROWS = 256;

    private static final int MOST_CHUNKS = 1024;

    private final KernelLauncher launcher;
    private final DeviceScratch scratch;
    private final ElementwiseKernels elementwise;
    private final KernelLauncher.TypedEntry norm;
    private final KernelLauncher.TypedEntry normBackward;
    private final KernelLauncher.TypedEntry normSumRows;
    private final KernelLauncher.TypedEntry sumRows;
    private final KernelLauncher.Entry foldRows;
    private final KernelLauncher.TypedEntry embedding;
    private final KernelLauncher.TypedEntry embeddingBackward;
    private final KernelLauncher.TypedEntry positionBackward;
    private final KernelLauncher.Entry tokenRowsClear;
    private final KernelLauncher.Entry tokenRowsFind;
    private final KernelLauncher.TypedEntry crossEntropy;

    RowKernels(KernelLauncher launcher, DeviceScratch scratch, ElementwiseKernels elementwise) {
        this.launcher = launcher;
        this.scratch = scratch;
        this.elementwise = elementwise;
        norm = launcher.typed("norm");
        normBackward = launcher.typed("norm_backward");
        normSumRows = launcher.typed("norm_sum_rows");
        sumRows = launcher.typed("sum_rows");
        foldRows = launcher.entry("fold_rows");
        embedding = launcher.typed("embedding");
        embeddingBackward = launcher.typed("embedding_backward");
        positionBackward = launcher.typed("position_backward");
        tokenRowsClear = launcher.entry("token_rows_clear");
        tokenRowsFind = launcher.entry("token_rows_find");
        crossEntropy = launcher.typed("cross_entropy");
    }

    /** Layer norm, or RMS norm where bias and mean are absent. */
    void norm(Tensor x, Tensor gain, Tensor bias, float epsilon, Tensor y, Tensor mean, Tensor rstd) {
        launcher.begin(norm.of(x.dtype())).matrix(x).vector(gain).vector(bias).real(epsilon);
        launcher.matrix(y).vector(mean).vector(rstd).number(x.columns());
        launcher.overRows(x.rows(), x.columns());
    }

    /** dx += the gradient through the norm; mean is absent for RMS norm. */
    void normBackwardInput(Tensor dy, Tensor x, Tensor gain, Tensor mean, Tensor rstd, Tensor dx) {
        launcher.begin(normBackward.of(x.dtype())).matrix(dy).matrix(x).vector(gain);
        launcher.vector(mean).vector(rstd).matrix(dx).number(x.columns());
        launcher.overRows(x.rows(), x.columns());
    }

    /** The gradients of gain, and of bias unless absent. */
    void normBackwardGain(Tensor dy, Tensor x, Tensor mean, Tensor rstd, Tensor dgain, Tensor dbias, float beta) {
        long rows = x.rows();
        long columns = x.columns();
        int chunks = chunks(rows);
        long partialBytes = chunks * columns * Float.BYTES;
        long partialGain = scratch.ensure(2 * partialBytes);
        long partialBias = dbias.present() ? partialGain + partialBytes : 0;
        if (chunks > 0) {
            launcher.begin(normSumRows.of(x.dtype()))
                    .matrix(dy)
                    .matrix(x)
                    .vector(mean)
                    .vector(rstd);
            launcher.number(rows).number(columns).number(chunkRows(rows));
            launcher.number(partialGain).number(partialBias).overColumns(columns, chunks);
        }
        foldRows(partialGain, chunks, dgain, beta);
        if (dbias.present()) {
            foldRows(partialBias, chunks, dbias, beta);
        }
    }

    /** sums[C] = sum of the rows of x + beta * sums. */
    void sumRows(Tensor x, Tensor sums, float beta) {
        int chunks = chunks(x.rows());
        long partial = scratch.ensure(chunks * x.columns() * Float.BYTES);
        if (chunks > 0) {
            launcher.begin(sumRows.of(x.dtype())).matrix(x).number(x.rows()).number(x.columns());
            launcher.number(chunkRows(x.rows())).number(partial).overColumns(x.columns(), chunks);
        }
        foldRows(partial, chunks, sums, beta);
    }

    private void foldRows(long partial, int chunks, Tensor sums, float beta) {
        launcher.begin(foldRows).number(partial).number(chunks).number(sums.elements());
        launcher.vector(sums).real(beta).overElements(1, sums.elements());
    }

    /** Depends on the number of rows alone, and so does the order of the sum. */
    private static long chunkRows(long rows) {
        long chunkRows = CHUNK_ROWS;
        while ((rows + chunkRows - 1) / chunkRows > MOST_CHUNKS) {
            chunkRows *= 2;
        }
        return chunkRows;
    }

    private static int chunks(long rows) {
        long chunkRows = chunkRows(rows);
        return (int) ((rows + chunkRows - 1) / chunkRows);
    }

    void embedding(Tensor tokens, Tensor table, Tensor positions, int time, Tensor y) {
        launcher.begin(embedding.of(y.dtype())).vector(tokens).matrix(table).matrix(positions);
        launcher.integer(time).matrix(y).number(y.columns());
        launcher.overRows(y.rows(), y.columns());
    }

    void embeddingBackward(Tensor dy, Tensor tokens, Tensor dtable, float beta) {
        if (beta == 0) {
            elementwise.fill(dtable, 0);
        }
        long firstRow = scratch.ensure(2 * dtable.rows() * Integer.BYTES);
        long lastRow = firstRow + dtable.rows() * Integer.BYTES;
        launcher.begin(tokenRowsClear).number(firstRow).number(lastRow).number(dtable.rows());
        launcher.overElements(1, dtable.rows());
        launcher.begin(tokenRowsFind)
                .vector(tokens)
                .number(firstRow)
                .number(lastRow)
                .number(dy.rows());
        launcher.overElements(1, dy.rows());
        launcher.begin(embeddingBackward.of(dy.dtype())).matrix(dy).vector(tokens);
        launcher.number(firstRow).number(lastRow).matrix(dtable).number(dy.columns());
        launcher.overBlocks(dy.rows(), KernelLauncher.THREADS);
    }

    void positionBackward(Tensor dy, int time, Tensor dpositions, float beta) {
        launcher.begin(positionBackward.of(dy.dtype()))
                .matrix(dy)
                .number(dy.rows())
                .integer(time);
        launcher.matrix(dpositions).real(beta).number(dy.columns());
        launcher.overRows(dpositions.rows(), dy.columns());
    }

    void crossEntropy(Tensor logits, Tensor targets, Tensor losses, float gradientScale) {
        crossEntropy(logits, targets, losses, 1, gradientScale);
    }

    void crossEntropyLoss(Tensor logits, Tensor targets, Tensor losses) {
        crossEntropy(logits, targets, losses, 0, 0);
    }

    private void crossEntropy(Tensor logits, Tensor targets, Tensor losses, int gradient, float gradientScale) {
        launcher.begin(crossEntropy.of(logits.dtype()))
                .matrix(logits)
                .vector(targets)
                .vector(losses);
        launcher.number(logits.columns()).integer(gradient).real(gradientScale);
        launcher.overRows(logits.rows(), logits.columns());
    }
}
