package io.dunlin.device.cpu;

import io.dunlin.device.AttentionShape;
import io.dunlin.tensor.Tensor;

/** Causal attention, one query position of one head at a time; the probabilities of a row are computed whole. */
final class PlainAttention {
    private PlainAttention() {}

    static void forward(AttentionShape shape, Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp) {
        double[] scores = new double[shape.time()];
        for (int pair = 0; pair < shape.batch() * shape.heads(); pair++) {
            Head head = Head.of(shape, pair);
            for (int t = 0; t < shape.time(); t++) {
                scores(shape, head, q, k, t, scores);
                double max = Double.NEGATIVE_INFINITY;
                for (int s = 0; s <= t; s++) {
                    max = Math.max(max, scores[s]);
                }
                double sum = 0;
                for (int s = 0; s <= t; s++) {
                    sum += Math.exp(scores[s] - max);
                }
                double lse = max + Math.log(sum);
                Element.set(logSumExp, (long) pair * shape.time() + t, lse);
                for (int d = 0; d < shape.headWidth(); d++) {
                    double weighted = 0;
                    for (int s = 0; s <= t; s++) {
                        weighted += Math.exp(scores[s] - lse) * Element.get(v, head.row + s, head.keyColumn + d);
                    }
                    Element.set(out, head.row + t, head.queryColumn + d, weighted);
                }
            }
        }
    }

    /** The gradients of one key and value position come from all later queries of all heads that share it. */
    static void backward(
            AttentionShape shape, Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp, Gradients gradients) {
        int width = shape.headWidth();
        int group = shape.heads() / shape.keyValueHeads();
        double scale = 1 / Math.sqrt(width);
        double[] scores = new double[shape.time()];
        double[][] dk = new double[shape.time()][width];
        double[][] dv = new double[shape.time()][width];
        double[] dq = new double[width];
        for (int pair = 0; pair < shape.batch() * shape.heads(); pair++) {
            Head head = Head.of(shape, pair);
            if (pair % group == 0) {
                clear(dk);
                clear(dv);
            }
            for (int t = 0; t < shape.time(); t++) {
                scores(shape, head, q, k, t, scores);
                double lse = Element.get(logSumExp, (long) pair * shape.time() + t);
                double delta = dot(gradients.dout, head.row + t, out, head.row + t, head.queryColumn, width);
                java.util.Arrays.fill(dq, 0);
                for (int s = 0; s <= t; s++) {
                    double probability = Math.exp(scores[s] - lse);
                    double dp = 0;
                    for (int d = 0; d < width; d++) {
                        double dout = Element.get(gradients.dout, head.row + t, head.queryColumn + d);
                        dp += dout * Element.get(v, head.row + s, head.keyColumn + d);
                        dv[s][d] += probability * dout;
                    }
                    double ds = probability * (dp - delta) * scale;
                    for (int d = 0; d < width; d++) {
                        dq[d] += ds * Element.get(k, head.row + s, head.keyColumn + d);
                        dk[s][d] += ds * Element.get(q, head.row + t, head.queryColumn + d);
                    }
                }
                for (int d = 0; d < width; d++) {
                    Element.set(gradients.dq, head.row + t, head.queryColumn + d, dq[d]);
                }
            }
            if (pair % group == group - 1) {
                store(gradients.dk, head, dk);
                store(gradients.dv, head, dv);
            }
        }
    }

    /** Gradients in and out of one backward call. */
    record Gradients(Tensor dout, Tensor dq, Tensor dk, Tensor dv) {}

    /** Where one head of one sequence lies: its first row, its columns in q and out, and its columns in k and v. */
    private record Head(long row, long queryColumn, long keyColumn) {
        static Head of(AttentionShape shape, int pair) {
            int sequence = pair / shape.heads();
            int head = pair % shape.heads();
            int keyHead = head / (shape.heads() / shape.keyValueHeads());
            return new Head(
                    (long) sequence * shape.time(),
                    (long) head * shape.headWidth(),
                    (long) keyHead * shape.headWidth());
        }
    }

    private static void scores(AttentionShape shape, Head head, Tensor q, Tensor k, int t, double[] scores) {
        double scale = 1 / Math.sqrt(shape.headWidth());
        for (int s = 0; s <= t; s++) {
            double sum = 0;
            for (int d = 0; d < shape.headWidth(); d++) {
                sum += (double) Element.get(q, head.row + t, head.queryColumn + d)
                        * Element.get(k, head.row + s, head.keyColumn + d);
            }
            scores[s] = sum * scale;
        }
    }

    private static double dot(Tensor a, long rowA, Tensor b, long rowB, long column, int count) {
        double sum = 0;
        for (int d = 0; d < count; d++) {
            sum += (double) Element.get(a, rowA, column + d) * Element.get(b, rowB, column + d);
        }
        return sum;
    }

    private static void clear(double[][] sums) {
        for (double[] row : sums) {
            java.util.Arrays.fill(row, 0);
        }
    }

    private static void store(Tensor target, Head head, double[][] sums) {
        for (int s = 0; s < sums.length; s++) {
            for (int d = 0; d < sums[s].length; d++) {
                Element.set(target, head.row + s, head.keyColumn + d, sums[s][d]);
            }
        }
    }
}
