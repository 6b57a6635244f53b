package io.dunlin.device.cpu;

import io.dunlin.tensor.DType;

/**
 * Products of attention weights on the diagonal with an operand that is not finite everywhere, pair by pair of positions.
 *
 * <p>A key that a query does not see has weight 0. For the fast products that is enough, as 0 times anything is 0, except
 * for NaN and infinity: those would reach queries that do not see them. So where there are any, this takes the place of
 * the fast products, and leaves out what is not seen.
 *
 * @param type of the weights
 * @param stride elements from the weights of one query to those of the next
 * @param queries rows of the weights
 * @param keys columns of the weights
 * @param before keys that all queries see; the first one sees one more, the second two more
 */
record MaskedProducts(DType type, int stride, int queries, int keys, int before) {
    private int seenBy(int query) {
        return Math.min(keys, before + query + 1);
    }

    private float weight(long weights, int query, int key) {
        return Memory.load(type, weights + ((long) query * stride + key) * type.bytes());
    }

    /** to[query] += the weighted sum of the rows of x of the keys that it sees. */
    void addOverKeys(long weights, Operand x, long firstRow, long column, int width, long to) {
        for (int query = 0; query < queries; query++) {
            for (int key = 0; key < seenBy(query); key++) {
                add(weight(weights, query, key), x, firstRow + key, column, width, to + 4L * query * width);
            }
        }
    }

    /** to[key] += the weighted sum of the rows of x of the queries that see it. */
    void addOverQueries(long weights, Operand x, long firstRow, long column, int width, long to) {
        for (int query = 0; query < queries; query++) {
            for (int key = 0; key < seenBy(query); key++) {
                add(weight(weights, query, key), x, firstRow + query, column, width, to + 4L * key * width);
            }
        }
    }

    private static void add(float weight, Operand x, long row, long column, int width, long to) {
        for (int i = 0; i < width; i++) {
            Memory.f32(to + 4L * i, Memory.f32(to + 4L * i) + weight * x.get(row, column + i));
        }
    }
}
