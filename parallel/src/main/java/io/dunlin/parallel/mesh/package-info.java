/**
 * Who shares what with whom: the tree of ranks, and how far each class of tensors is spread over it.
 *
 * <p>Start at {@link io.dunlin.parallel.mesh.ShardDegrees}: DeepSpeed's stages, hybrid sharding, ZeRO++ and the
 * three-level partition are points of one family. {@link io.dunlin.parallel.mesh.Mesh} says where one rank stands in it
 * and with whom it exchanges; {@link io.dunlin.parallel.mesh.ShardPlan} which elements it holds. Invariant: what a rank
 * holds of a finer class lies inside what it holds of a coarser one.
 */
@NullMarked
package io.dunlin.parallel.mesh;

import org.jspecify.annotations.NullMarked;
