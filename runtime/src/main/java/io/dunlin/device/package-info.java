/**
 * What a rank computes on: memory, ordered streams of work, events between them, and the kernels.
 *
 * <p>Start at {@link io.dunlin.device.Device}, then read {@link io.dunlin.device.Kernels}: it is the complete list of
 * arithmetic that training needs. Everything is asynchronous in form: a call puts work on a stream, and its result may
 * be read on the host only after an {@link io.dunlin.device.Event} says so.
 */
@NullMarked
package io.dunlin.device;

import org.jspecify.annotations.NullMarked;
